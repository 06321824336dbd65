//! Types of preview 2: their Rust names in wasmtime-wasi's bindings, and how their values are told.

use crate::{list::List, preview2::Wit};
use anyhow::Result;
use heck::{ToShoutySnakeCase as _, ToSnakeCase as _, ToUpperCamelCase as _};
use std::{collections::BTreeSet, fmt::Write as _};
use wit_parser::{Function, FunctionKind, Handle, Type, TypeDefKind, TypeId};

/// Told by hand: addresses.
const BY_HAND: &[(&str, &str)] =
    &[("sockets/network", "ip-socket-address"), ("sockets/network", "ip-address")];

/// Name of the trait method. The words that Rust keeps for itself get an underscore, as in wasmtime's generator.
pub(crate) fn function_name(function: &Function) -> String {
    match function.kind {
        FunctionKind::Constructor(_) => "new".into(),
        _ => ident(function.item_name()),
    }
}

fn ident(name: &str) -> String {
    match name {
        "type" | "yield" | "self" | "use" | "ref" | "in" | "as" | "loop" | "static" | "move" => {
            format!("{name}_")
        }
        name => name.to_snake_case(),
    }
}

/// The Rust type, as the trait method in `module` has it.
pub(crate) fn text(wit: &Wit, module: &str, ty: &Type) -> String {
    let optional = |ty: &Option<Type>| ty.as_ref().map_or("()".into(), |ty| text(wit, module, ty));
    let id = match ty {
        Type::Bool => return "bool".into(),
        Type::U8 => return "u8".into(),
        Type::U16 => return "u16".into(),
        Type::U32 => return "u32".into(),
        Type::U64 => return "u64".into(),
        Type::S8 => return "i8".into(),
        Type::S16 => return "i16".into(),
        Type::S32 => return "i32".into(),
        Type::S64 => return "i64".into(),
        Type::F32 => return "f32".into(),
        Type::F64 => return "f64".into(),
        Type::Char => return "char".into(),
        Type::String => return "String".into(),
        Type::ErrorContext => unreachable!("preview 2 has none"),
        Type::Id(id) => *id,
    };
    let definition = &wit.resolve.types[id];
    if let Some(name) = &definition.name {
        return format!("{module}::{}", name.to_upper_camel_case());
    }
    match &definition.kind {
        TypeDefKind::List(of) => format!("Vec<{}>", text(wit, module, of)),
        TypeDefKind::Option(of) => format!("Option<{}>", text(wit, module, of)),
        TypeDefKind::Result(parts) => format!("Result<{}, {}>", optional(&parts.ok), optional(&parts.err)),
        TypeDefKind::Tuple(tuple) => {
            format!("({})", tuple.types.iter().map(|ty| text(wit, module, ty) + ",").collect::<String>())
        }
        TypeDefKind::Handle(Handle::Own(of) | Handle::Borrow(of)) => {
            format!("wasmtime::component::Resource<{}>", text(wit, module, &Type::Id(*of)))
        }
        TypeDefKind::Type(of) => text(wit, module, of),
        other => unreachable!("preview 2 has no nameless {}", other.as_str()),
    }
}

/// Whether values of the type carry bytes: lists of `u8`.
pub(crate) fn has_bytes(wit: &Wit, ty: &Type) -> bool {
    let Type::Id(id) = ty else { return false };
    let any = |mut types: Vec<Type>| types.drain(..).any(|ty| has_bytes(wit, &ty));
    match &wit.resolve.types[*id].kind {
        TypeDefKind::List(Type::U8) => true,
        TypeDefKind::List(of) | TypeDefKind::Option(of) | TypeDefKind::Type(of) => has_bytes(wit, of),
        TypeDefKind::Record(record) => any(record.fields.iter().map(|field| field.ty).collect()),
        TypeDefKind::Tuple(tuple) => any(tuple.types.clone()),
        TypeDefKind::Result(parts) => any([parts.ok, parts.err].into_iter().flatten().collect()),
        _ => false,
    }
}

/// `impl Describe` for each type that is defined in an interface, and `impl Coded` for those that are errors.
pub(crate) fn generate(wit: &Wit, list: &mut List) -> Result<String> {
    let mut out = String::new();
    let errors = errors(wit);
    for (id, blocking) in wit.versions() {
        let module = wit.module(id, blocking);
        let path = wit.path(id);
        for (name, ty) in &wit.resolve.interfaces[id].types {
            let rust = format!("{module}::{}", name.to_upper_camel_case());
            if !BY_HAND.contains(&(path.as_str(), name)) {
                describe(&mut out, wit, *ty, &rust)?;
            }
            if errors.contains(ty) {
                coded(&mut out, wit, *ty, &rust, list)?;
            }
        }
    }
    Ok(out)
}

/// The types that are the error of some function's result.
fn errors(wit: &Wit) -> BTreeSet<TypeId> {
    let functions = wit.interfaces.iter().flat_map(|id| wit.resolve.interfaces[*id].functions.values());
    functions
        .filter_map(|function| match function.result? {
            Type::Id(id) => match &wit.resolve.types[id].kind {
                TypeDefKind::Result(parts) => match parts.err? {
                    Type::Id(error) => Some(wit.definition(error)),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn describe(out: &mut String, wit: &Wit, ty: TypeId, rust: &str) -> Result<()> {
    match &wit.resolve.types[ty].kind {
        TypeDefKind::Record(record) => {
            let fields: String = record
                .fields
                .iter()
                .map(|field| format!("({:?}, self.{}.value()),", field.name, ident(&field.name)))
                .collect();
            let bytes: Vec<_> = record
                .fields
                .iter()
                .filter(|field| has_bytes(wit, &field.ty))
                .map(|field| format!("self.{}.bytes()", ident(&field.name)))
                .collect();
            let bytes = if bytes.is_empty() { "0".into() } else { bytes.join(" + ") };
            writeln!(
                out,
                "impl Describe for {rust} {{
                    fn value(&self) -> Value {{ Value::record([{fields}]) }}
                    fn bytes(&self) -> u64 {{ {bytes} }}
                }}"
            )?;
        }
        TypeDefKind::Variant(variant) => {
            let cases: String = variant
                .cases
                .iter()
                .map(|case| match case.ty {
                    Some(_) => format!(
                        "Self::{}(of) => Value::record([({:?}, of.value())]),",
                        case.name.to_upper_camel_case(),
                        case.name
                    ),
                    None => {
                        format!("Self::{} => Value::Name({:?}),", case.name.to_upper_camel_case(), case.name)
                    }
                })
                .collect();
            writeln!(
                out,
                "impl Describe for {rust} {{ fn value(&self) -> Value {{ match self {{ {cases} }} }} }}"
            )?;
        }
        TypeDefKind::Enum(of) => {
            let cases: String = of
                .cases
                .iter()
                .map(|case| format!("Self::{} => {:?},", case.name.to_upper_camel_case(), case.name))
                .collect();
            writeln!(
                out,
                "impl Describe for {rust} {{ fn value(&self) -> Value {{ Value::Name(match self {{ {cases} }}) }} }}"
            )?;
        }
        TypeDefKind::Flags(flags) => {
            let names: Vec<_> = flags.flags.iter().map(|flag| flag.name.as_str()).collect();
            let bit = |(i, name): (usize, &&str)| {
                let set = format!("u64::from(self.contains(Self::{}))", name.to_shouty_snake_case());
                if i == 0 { set } else { format!("{set} << {i}") }
            };
            let bits: Vec<_> = names.iter().enumerate().map(bit).collect();
            let bits = bits.join(" | ");
            writeln!(
                out,
                "impl Describe for {rust} {{ fn value(&self) -> Value {{ flags({bits}, &{names:?}) }} }}"
            )?;
        }
        _ => {}
    }
    Ok(())
}

fn coded(out: &mut String, wit: &Wit, ty: TypeId, rust: &str, list: &mut List) -> Result<()> {
    let names: Vec<_> = match &wit.resolve.types[ty].kind {
        TypeDefKind::Enum(of) => of.cases.iter().map(|case| (case.name.as_str(), "")).collect(),
        TypeDefKind::Variant(of) => of
            .cases
            .iter()
            .map(|case| (case.name.as_str(), if case.ty.is_some() { "(_)" } else { "" }))
            .collect(),
        _ => return Ok(()),
    };
    let cases: String = names
        .iter()
        .map(|(name, payload)| {
            format!("Self::{}{payload} => {},", name.to_upper_camel_case(), list.code(name))
        })
        .collect();
    writeln!(out, "impl Coded for {rust} {{ fn code(&self) -> Code {{ match self {{ {cases} }} }} }}")?;
    Ok(())
}
