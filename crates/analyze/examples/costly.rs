use wasm_encoder::*;
fn main() {
    let dir = std::env::args().nth(1).unwrap();
    let wrap = |module: &Module, instances: u32, pairs: bool| {
        let mut c = Component::new();
        c.section(&ModuleSection(module));
        let mut i = InstanceSection::new();
        for n in 0..instances {
            if pairs && n > 0 {
                i.instantiate(0, [("", ModuleArg::Instance(n - 1))]);
            } else {
                i.instantiate(0, [] as [(&str, ModuleArg); 0]);
            }
        }
        c.section(&i);
        c.finish()
    };
    let big = |n: u32, table: bool, import: bool| {
        let mut types = TypeSection::new();
        types.ty().function([], []);
        let tt = TableType {
            element_type: RefType::FUNCREF,
            table64: false,
            minimum: n as u64,
            maximum: None,
            shared: false,
        };
        let mut imports = ImportSection::new();
        if import {
            imports.import("", "t", tt);
        }
        let (mut f, mut c) = (FunctionSection::new(), CodeSection::new());
        for _ in 0..n {
            f.function(0);
            let mut b = Function::new([]);
            if table {
                b.instructions().i32_const(0).call_indirect(0, 0);
            }
            b.instructions().end();
            c.function(&b);
        }
        let mut m = Module::new();
        m.section(&types);
        if import {
            m.section(&imports);
        }
        m.section(&f);
        let mut t = TableSection::new();
        if table && !import {
            t.table(tt);
            m.section(&t);
        }
        let mut e = ExportSection::new();
        if table {
            e.export("t", ExportKind::Table, 0);
        }
        e.export("f", ExportKind::Func, 0);
        m.section(&e);
        if table {
            let mut el = ElementSection::new();
            let all: Vec<u32> = (0..n).collect();
            el.active(None, &ConstExpr::i32_const(0), Elements::Functions(all.into()));
            m.section(&el);
        }
        m.section(&c);
        m
    };
    let w = |n: &str, b: Vec<u8>| std::fs::write(format!("{dir}/{n}.wasm"), b).unwrap();
    w("million", wrap(&big(990_000, false, false), 1, false));
    w("twohundred-x5", wrap(&big(190_000, false, false), 5, false));
    w("table", wrap(&big(300_000, true, false), 1, false));
    w("table-x3", wrap(&big(300_000, true, false), 3, false));
    w("table-import-x3", wrap(&big(200_000, true, true), 4, true));
    // definitions
    let mut c = Component::new();
    let mut types = ComponentTypeSection::new();
    types.instance(&InstanceType::new());
    c.section(&types);
    let mut imp = ComponentImportSection::new();
    imp.import("wasi:sockets/tcp@0.2.0", ComponentTypeRef::Instance(0));
    c.section(&imp);
    let mut a = ComponentAliasSection::new();
    let names: Vec<String> = (0..190_000).map(|n| format!("{n:x}")).collect();
    for n in &names {
        a.alias(Alias::InstanceExport { instance: 0, kind: ComponentExportKind::Func, name: n });
    }
    c.section(&a);
    w("aliases", c.clone().finish());
    let mut e = ComponentExportSection::new();
    for (i, n) in names.iter().enumerate().take(9000) {
        e.export(n, ComponentExportKind::Func, i as u32, None);
    }
    c.section(&e);
    w("aliases-exports", c.finish());
    // many small modules, each twice
    let mut c = Component::new();
    for _ in 0..1990 {
        c.section(&ModuleSection(&big(50, true, false)));
    }
    let mut i = InstanceSection::new();
    for n in 0..19_000u32 {
        i.instantiate(n % 1990, [] as [(&str, ModuleArg); 0]);
    }
    c.section(&i);
    w("many", c.finish());
    // types
    let mut types = TypeSection::new();
    let v = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];
    for n in 0..1_000_000u32 {
        let p: Vec<ValType> = (0..10).map(|k| v[(n >> (2 * k) & 3) as usize]).collect();
        types.ty().function(p, []);
    }
    let mut m = Module::new();
    m.section(&types);
    let mut t = TableSection::new();
    t.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 1,
        maximum: None,
        shared: false,
    });
    m.section(&t);
    let mut e = ExportSection::new();
    e.export("t", ExportKind::Table, 0);
    m.section(&e);
    w("types", wrap(&m, 1, false));
    // exponential
    let mut text = String::from(
        "(component (component $c0 (core module $m (func $s) (start $s)) (core instance (instantiate $m)))",
    );
    for n in 1..60 {
        text += &format!(
            "(component $c{n} (alias outer 1 $c{} (component $c)) (instance (instantiate $c)) (instance (instantiate $c)))",
            n - 1
        );
    }
    text += "(instance (instantiate $c59)))";
    w("exponential", wat::parse_str(text).unwrap());
    // 20M elements
    let mut m = Module::new();
    let mut types = TypeSection::new();
    types.ty().function([], []);
    m.section(&types);
    let mut f = FunctionSection::new();
    f.function(0);
    m.section(&f);
    let mut t = TableSection::new();
    t.table(TableType {
        element_type: RefType::FUNCREF,
        table64: false,
        minimum: 1,
        maximum: None,
        shared: false,
    });
    m.section(&t);
    let mut e = ExportSection::new();
    e.export("t", ExportKind::Table, 0);
    m.section(&e);
    let mut el = ElementSection::new();
    for _ in 0..2 {
        el.active(None, &ConstExpr::i32_const(0), Elements::Functions(vec![0u32; 9_900_000].into()));
    }
    m.section(&el);
    let mut c = CodeSection::new();
    let mut b = Function::new([]);
    b.instructions().end();
    c.function(&b);
    m.section(&c);
    w("elements", wrap(&m, 10, false));
}
