//! The host's own functions.

use crate::{
    Args, Function, Observe, Outcome, Text, Value,
    gate::{Refused, Subjects},
};
use wasmtime::{AsContextMut, Caller, FuncType, Linker, Val};

/// Observes one call of a host function: asks the gate, counts, tells. To be called in the function that is linked,
/// around what it does. `function` is from [`Sensor::custom`](crate::Sensor::custom); `describe` adds its arguments, in
/// order, and is only called where somebody wants to know.
///
/// # Errors
/// Those of `f`; [`Refused`] if the gate refuses the call.
///
/// ```
/// # use wasmscope_sensor_wasmtime::{Hooks, Observe, Sensor, observe};
/// # use wasmtime::{Caller, Engine, Linker};
/// # struct State { hooks: Hooks, log: Vec<u32> }
/// # impl Observe for State { fn hooks(&mut self) -> &mut Hooks { &mut self.hooks } }
/// # fn link(sensor: &Sensor, linker: &mut Linker<State>) -> wasmtime::Result<()> {
/// let log = sensor.custom("env", "log", &["code"])?;
/// linker.func_wrap("env", "log", move |mut caller: Caller<'_, State>, code: u32| {
///     observe(&mut caller, log, |args| args.push(code.into()), |caller| {
///         caller.data_mut().log.push(code);
///         Ok(())
///     })
/// })?;
/// # Ok(())
/// # }
/// ```
pub fn observe<S, R>(
    store: &mut S,
    function: &'static Function,
    describe: impl FnOnce(&mut Args),
    f: impl FnOnce(&mut S) -> wasmtime::Result<R>,
) -> wasmtime::Result<R>
where
    S: AsContextMut,
    S::Data: Observe,
{
    let call = store.as_context_mut().data_mut().hooks().begin(function, describe, |_: &mut Subjects<'_>| {});
    let result = match call.denial() {
        Some(_) => Err(Refused.into()),
        None => f(store),
    };
    let outcome = || if result.is_ok() { Outcome::Ok } else { Outcome::Trap };
    store.as_context_mut().data_mut().hooks().end(call, outcome, 0, 0, || Value::None);
    result
}

/// [`Linker::func_new`], observed, with its arguments told as numbers.
///
/// # Errors
/// As there: the linker has such a function already.
pub fn observe_func_new<T: Observe + 'static>(
    linker: &mut Linker<T>,
    function: &'static Function,
    ty: FuncType,
    f: impl Fn(&mut Caller<'_, T>, &[Val], &mut [Val]) -> wasmtime::Result<()> + Send + Sync + 'static,
) -> wasmtime::Result<()> {
    linker.func_new(function.interface, function.name, ty, move |mut caller, params, results| {
        observe(
            &mut caller,
            function,
            |args| args.extend(params.iter().map(value)),
            |caller| f(caller, params, results),
        )
    })?;
    Ok(())
}

fn value(val: &Val) -> Value {
    match val {
        Val::I32(value) => Value::Signed(i64::from(*value)),
        Val::I64(value) => Value::Signed(*value),
        Val::F32(bits) => Value::Float(f64::from(f32::from_bits(*bits))),
        Val::F64(bits) => Value::Float(f64::from_bits(*bits)),
        _ => Value::None,
    }
}

macro_rules! from {
    ($($ty:ty => $case:ident as $wide:ty),*) => {$(
        impl From<$ty> for Value {
            fn from(value: $ty) -> Self {
                Self::$case(<$wide>::from(value))
            }
        }
    )*};
}
from!(bool => Bool as bool, u32 => Unsigned as u64, u64 => Unsigned as u64, i32 => Signed as i64, i64 => Signed as i64);

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Text::new(text.as_bytes(), text.len() as u64))
    }
}
