//! Calling an export by name, with arguments as text. Words and forms are those of `wasmtime run --invoke`.

use crate::{Options, host::Host};
use std::ffi::OsString;
use wasmscope_sensor_wasmtime::run_async;
use wasmtime::{
    Func, Result, Store, Val, ValType, bail,
    component::{
        self, Component, ComponentExportIndex,
        types::{ComponentFunc, ComponentItem},
        wasm_wave::{
            untyped::UntypedFuncCall,
            wasm::{DisplayFuncResults, WasmFunc},
        },
        wit_parser::ItemName,
    },
    error::Context as _,
    format_err,
};

/// Calls a function of a core module, and prints what it returns.
pub(crate) async fn core(
    store: &mut Store<Host>,
    options: &Options,
    name: &str,
    function: Func,
) -> Result<()> {
    let ty = function.ty(&store);
    if ty.params().len() > 0 {
        eprintln!(
            "warning: using `--invoke` with a function that takes arguments is experimental and may break in the future"
        );
    }
    let called = || match &options.invoke {
        Some(name) => format!("`{name}`"),
        None => "command default".to_owned(),
    };
    let mut args = options.args.iter();
    let mut values = Vec::new();
    for ty in ty.params() {
        let Some(arg) = args.next() else { bail!("not enough arguments for {}", called()) };
        values.push(value(arg, ty)?);
    }
    let mut results = vec![Val::null_func_ref(); ty.results().len()];
    run_async(store, name, async |store| function.call_async(store, &values, &mut results).await)
        .await
        .with_context(|| format!("failed to invoke {}", called()))?;
    if !results.is_empty() {
        eprintln!(
            "warning: using `--invoke` with a function that returns values is experimental and may break in the future"
        );
    }
    for result in results {
        print(&result);
    }
    Ok(())
}

/// Numbers are decimal, or hexadecimal after `0x`.
fn value(arg: &OsString, ty: ValType) -> Result<Val> {
    let text = arg.to_str().ok_or_else(|| format_err!("argument is not valid utf-8: {arg:?}"))?;
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    Ok(match (ty, hexadecimal) {
        (ValType::I32, Some(digits)) => Val::I32(i32::from_str_radix(digits, 16)?),
        (ValType::I32, None) => Val::I32(text.parse()?),
        (ValType::I64, Some(digits)) => Val::I64(i64::from_str_radix(digits, 16)?),
        (ValType::I64, None) => Val::I64(text.parse()?),
        (ValType::F32, _) => Val::F32(text.parse::<f32>()?.to_bits()),
        (ValType::F64, _) => Val::F64(text.parse::<f64>()?.to_bits()),
        (ty, _) => bail!("unsupported argument type {ty:?}"),
    })
}

fn print(value: &Val) {
    match value {
        Val::I32(i) => println!("{i}"),
        Val::I64(i) => println!("{i}"),
        Val::F32(f) => println!("{}", f32::from_bits(*f)),
        Val::F64(f) => println!("{}", f64::from_bits(*f)),
        Val::V128(i) => println!("{}", i.as_u128()),
        Val::ExternRef(None) => println!("<null externref>"),
        Val::ExternRef(Some(_)) => println!("<externref>"),
        Val::FuncRef(None) => println!("<null funcref>"),
        Val::FuncRef(Some(_)) => println!("<funcref>"),
        Val::AnyRef(None) => println!("<null anyref>"),
        Val::AnyRef(Some(_)) => println!("<anyref>"),
        Val::ExnRef(None) => println!("<null exnref>"),
        Val::ExnRef(Some(_)) => println!("<exnref>"),
        Val::ContRef(None) => println!("<null contref>"),
        Val::ContRef(Some(_)) => println!("<contref>"),
    }
}

/// Calls a function of a component, which is written as WAVE has it: `name(1, "two")`.
pub(crate) async fn component(
    store: &mut Store<Host>,
    component: &Component,
    linker: &component::Linker<Host>,
    call: &str,
) -> Result<()> {
    let untyped = UntypedFuncCall::parse(call).with_context(|| {
        format!(
            "Failed to parse invoke '{call}': See https://docs.wasmtime.dev/cli-options.html#run for syntax"
        )
    })?;
    let name = untyped.item_name().map_err(|error| {
        wasmtime::Error::from_anyhow(error)
            .context(format!("parsing `{}` as a wit item name", untyped.name()))
    })?;
    let (export, ty) = find(store, component, &name)?;
    let types: Vec<_> = WasmFunc::params(&ty).collect();
    let params = untyped
        .to_wasm_params(&types)
        .with_context(|| format!("while interpreting parameters in invoke \"{call}\""))?;
    let instance =
        run_async(store, "instantiate", async |store| linker.instantiate_async(store, component).await)
            .await?;
    let function =
        instance.get_func(&mut *store, export).ok_or_else(|| format_err!("`{name}` is no function"))?;
    let mut results = vec![component::Val::Bool(false); ty.results().len()];
    run_async(store, untyped.name(), async |store| function.call_async(store, &params, &mut results).await)
        .await?;
    println!("{}", DisplayFuncResults(&results));
    Ok(())
}

/// The function of this name; without an interface, also one of any exported instance.
fn find(
    store: &Store<Host>,
    component: &Component,
    name: &ItemName,
) -> Result<(ComponentExportIndex, ComponentFunc)> {
    if let Some((ComponentItem::ComponentFunc(function), index)) = component.get_export(None, name) {
        return Ok((index, function));
    }
    if name.interface.is_some() || name.package.is_some() {
        bail!("No exported func named `{name}` in component.");
    }
    let needle = name.to_string();
    let mut found = Vec::new();
    for (instance, item) in component.component_type().exports(store.engine()) {
        let ComponentItem::ComponentInstance(of) = item.ty else { continue };
        for (leaf, item) in of.exports(store.engine()) {
            if let ComponentItem::ComponentFunc(function) = item.ty
                && leaf == needle
                && let Some((_, outer)) = component.get_export(None, instance)
                && let Some((_, index)) = component.get_export(Some(&outer), leaf)
            {
                found.push((instance.to_owned(), index, function));
            }
        }
    }
    if found.len() > 1 {
        let candidates: Vec<_> = found.iter().map(|(instance, ..)| qualified(instance, &needle)).collect();
        bail!(
            "Multiple instances contained funcs named `{needle}`, retry with a more specific name: {}",
            candidates.join(", ")
        );
    }
    let (_, index, function) =
        found.pop().ok_or_else(|| format_err!("No exported func named `{needle}` in component."))?;
    Ok((index, function))
}

/// `package/interface.function@version`, in backticks.
fn qualified(instance: &str, function: &str) -> String {
    match instance.parse::<ItemName>() {
        Ok(mut name) => {
            name.interface = Some(name.name);
            name.name = function.into();
            format!("`{name}`")
        }
        Err(_) => format!("`{instance}.{function}`"),
    }
}
