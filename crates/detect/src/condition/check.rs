//! From CEL to the typed tree: every name is a field, every operation fits its types.

use super::{
    expr::{AddressTest, Fraction, Key, Number, Operation, Order, Test, Text, TextTest},
    parse::{Parsed, Place, parse},
    sets::{Needles, Paths, Pattern, Prefixes, Words},
};
use cel::{
    common::ast::{CallExpr, ComprehensionExpr, Expr, LiteralValue, operators},
    parser::Expression,
};
use ipnet::IpNet;
use std::{collections::BTreeMap, sync::Arc};
use wasmscope_model::fields::{Field, Source, Type, fields};

/// Nodes of one condition, its macros included: macros that use each other twice would grow without bound.
const MOST_NODES: usize = 5_000;

/// What is wrong with a condition, and where in its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) place: Place,
    pub(crate) message: String,
}

/// A part of a condition, by its type.
enum Typed {
    Test(Test),
    Text(Text),
    Number(Number, Type),
    Address(&'static Field),
    /// A field that holds texts.
    Texts(&'static Field),
    /// Texts that stand in the condition or in a list.
    Constants(Vec<String>),
    Numbers(Vec<i64>),
}

impl Typed {
    fn name(&self) -> &'static str {
        match self {
            Self::Test(_) => "bool",
            Self::Text(_) => "string",
            Self::Number(_, Type::Double) => "double",
            Self::Number(..) => "int",
            Self::Address(_) => "address",
            Self::Texts(_) | Self::Constants(_) => "list of strings",
            Self::Numbers(_) => "list of ints",
        }
    }
}

/// Where something is wrong, by node.
type Wrong = (u64, String);

/// Compiles conditions over the same lists and macros.
pub(crate) struct Compiler<'a> {
    lists: &'a BTreeMap<String, Vec<String>>,
    macros: &'a BTreeMap<String, String>,
    nodes: usize,
    inside: Vec<String>,
    /// The name of the element that is gone through.
    element: Option<String>,
}

impl<'a> Compiler<'a> {
    pub(crate) fn new(
        lists: &'a BTreeMap<String, Vec<String>>,
        macros: &'a BTreeMap<String, String>,
    ) -> Self {
        Self { lists, macros, nodes: 0, inside: Vec::new(), element: None }
    }

    /// Compiles what must come to true or false.
    pub(crate) fn test(&mut self, parsed: &Parsed) -> Result<Test, Fault> {
        self.nodes = 0;
        let expression = &parsed.expression;
        self.bool(expression).map_err(|(id, message)| Fault { place: parsed.place(id), message })
    }

    /// Compiles what gives the value to tell apart by.
    pub(crate) fn key(&mut self, parsed: &Parsed) -> Result<Key, Fault> {
        self.nodes = 0;
        let wrong = |(id, message)| Fault { place: parsed.place(id), message };
        match self.typed(&parsed.expression).map_err(wrong)? {
            Typed::Text(text) => Ok(Key::Text(text)),
            Typed::Number(number, _) => Ok(Key::Number(number)),
            Typed::Address(field) => Ok(Key::Address(field)),
            other => Err(wrong((
                parsed.expression.id,
                format!("this is a {}; a string, a number or an address is needed", other.name()),
            ))),
        }
    }

    /// Compiles the macro of this name, as a condition of its own.
    pub(crate) fn of_macro(&mut self, name: &str) -> Result<(), Fault> {
        self.inside = vec![name.to_owned()];
        let parsed = parse(&self.macros[name]).map_err(|(place, message)| Fault { place, message })?;
        let result = self.test(&parsed);
        self.inside.clear();
        result.map(|_| ())
    }

    fn bool(&mut self, e: &Expression) -> Result<Test, Wrong> {
        match self.typed(e)? {
            Typed::Test(test) => Ok(test),
            other => Err((root(e), format!("this is a {}; something true or false is needed", other.name()))),
        }
    }

    fn text(&mut self, e: &Expression) -> Result<Text, Wrong> {
        match self.typed(e)? {
            Typed::Text(text) => Ok(text),
            other => Err((root(e), format!("this is a {}; a string is needed", other.name()))),
        }
    }

    fn typed(&mut self, e: &Expression) -> Result<Typed, Wrong> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return Err((e.id, "with its macros, the condition is too large".into()));
        }
        match &e.expr {
            Expr::Literal(literal) => of_literal(literal).map_err(|message| (e.id, message)),
            Expr::Ident(_) => self.named(e),
            Expr::Select(select) if select.test => {
                let name = dotted(e).ok_or((e.id, "has() takes a field".to_owned()))?;
                Ok(Typed::Test(Test::Has(field(root(e), &name)?)))
            }
            Expr::Select(_) => self.named(e),
            Expr::List(list) => self.constants(&list.elements),
            Expr::Call(call) => self.call(e.id, call),
            Expr::Comprehension(loop_) => self.comprehension(e.id, loop_),
            Expr::Map(_) | Expr::Struct(_) | Expr::Unspecified => {
                Err((e.id, "maps and messages are of no use in a condition".into()))
            }
        }
    }

    fn named(&mut self, e: &Expression) -> Result<Typed, Wrong> {
        let id = root(e);
        let name = dotted(e).ok_or((e.id, "only fields have parts".to_owned()))?;
        if self.element.as_deref() == Some(&name) {
            return Ok(Typed::Text(Text::Element));
        }
        if name == "envelope.outside" {
            return Ok(Typed::Test(Test::Outside));
        }
        if let Some(list) = name.strip_prefix("lists.") {
            return match self.lists.get(list) {
                Some(items) => Ok(Typed::Constants(items.clone())),
                None => Err((id, unknown("list", list, self.lists.keys().map(String::as_str)))),
            };
        }
        if let Some(of) = name.strip_prefix("macros.") {
            return self.inlined(id, of);
        }
        let field = field(id, &name)?;
        Ok(match field.ty {
            Type::Bool => Typed::Test(Test::Field(field)),
            Type::Int | Type::Double => Typed::Number(Number::Field(field), field.ty),
            Type::String => Typed::Text(Text::Field(field)),
            Type::Address => Typed::Address(field),
            Type::Strings => Typed::Texts(field),
            Type::Objects => return Err((id, format!("{name} holds objects: no condition can ask for it"))),
        })
    }

    fn inlined(&mut self, id: u64, name: &str) -> Result<Typed, Wrong> {
        let Some(text) = self.macros.get(name) else {
            return Err((id, unknown("macro", name, self.macros.keys().map(String::as_str))));
        };
        if self.inside.iter().any(|outer| outer == name) {
            let way = self.inside.join(" -> ");
            return Err((id, format!("the macro {name} uses itself: {way} -> {name}")));
        }
        let parsed = parse(text).map_err(|(_, message)| (id, format!("macro {name}: {message}")))?;
        self.inside.push(name.to_owned());
        let element = self.element.take();
        let test = self.bool(&parsed.expression).map_err(|(_, message)| {
            let message =
                if message.contains("uses itself") { message } else { format!("macro {name}: {message}") };
            (id, message)
        });
        self.element = element;
        self.inside.pop();
        Ok(Typed::Test(test?))
    }

    fn constants(&mut self, elements: &[Expression]) -> Result<Typed, Wrong> {
        let mut texts = Vec::new();
        let mut numbers = Vec::new();
        for element in elements {
            match self.typed(element)? {
                Typed::Text(Text::Const(text)) => texts.push(text.into_string()),
                Typed::Number(Number::Int(number), _) => numbers.push(number),
                _ => return Err((element.id, "lists hold strings or whole numbers only".into())),
            }
            if !texts.is_empty() && !numbers.is_empty() {
                return Err((element.id, "this is of another type than what stands before it".into()));
            }
        }
        Ok(if numbers.is_empty() { Typed::Constants(texts) } else { Typed::Numbers(numbers) })
    }

    fn call(&mut self, id: u64, call: &CallExpr) -> Result<Typed, Wrong> {
        let name = call.func_name.as_str();
        match (name, &call.target, call.args.as_slice()) {
            (operators::LOGICAL_AND, None, args) => Ok(Typed::Test(Test::And(self.joined(name, args)?))),
            (operators::LOGICAL_OR, None, args) => Ok(Typed::Test(Test::Or(self.joined(name, args)?))),
            (operators::LOGICAL_NOT, None, [inner]) => {
                Ok(Typed::Test(Test::Not(Arc::new(self.bool(inner)?))))
            }
            (operators::NEGATE, None, [inner]) => match self.typed(inner)? {
                Typed::Number(Number::Double(number), ty) => {
                    Ok(Typed::Number(Number::Double(Fraction(-number.0)), ty))
                }
                Typed::Number(number, Type::Int) => {
                    let (zero, number) = (Box::new(Number::Int(0)), Box::new(number));
                    Ok(Typed::Number(Number::Calculated(zero, Operation::Subtract, number), Type::Int))
                }
                other => Err((id, format!("a {} has no sign", other.name()))),
            },
            (operators::IN, None, [item, list]) => self.is_in(id, item, list),
            ("size", None, [of]) => self.size(of),
            ("size", Some(of), []) => self.size(of),
            (_, None, [left, right]) if order(name).is_some() || operation(name).is_some() => {
                self.binary(id, name, left, right)
            }
            (_, Some(target), args) => self.method(id, name, target, args),
            (_, None, [of]) if FUNCTIONS.contains(&name) => self.method(id, name, of, &[]),
            (operators::CONDITIONAL, ..) => Err((id, "`? :` is not supported: use `&&` and `||`".into())),
            (operators::INDEX, ..) => Err((id, "elements are asked for by exists() and all()".into())),
            _ => Err((id, unknown_function(name))),
        }
    }

    /// Chains of one operator are one node.
    fn joined(&mut self, name: &str, args: &[Expression]) -> Result<Box<[Arc<Test>]>, Wrong> {
        let mut all = Vec::new();
        for arg in args {
            match &arg.expr {
                Expr::Call(inner) if inner.func_name == name && inner.target.is_none() => {
                    all.extend(self.joined(name, &inner.args)?);
                }
                _ => all.push(Arc::new(self.bool(arg)?)),
            }
        }
        Ok(all.into())
    }

    fn size(&mut self, of: &Expression) -> Result<Typed, Wrong> {
        let number = match self.typed(of)? {
            Typed::Text(text) => Number::Size(text),
            Typed::Texts(field) => Number::Length(field),
            other => return Err((of.id, format!("a {} has no size", other.name()))),
        };
        Ok(Typed::Number(number, Type::Int))
    }

    fn is_in(&mut self, id: u64, item: &Expression, list: &Expression) -> Result<Typed, Wrong> {
        let test = match (self.typed(item)?, self.typed(list)?) {
            (Typed::Text(text), Typed::Constants(words)) => {
                Test::Text(self.known_name(item, text, &words)?, TextTest::In(Words::new(words)))
            }
            (Typed::Text(text), Typed::Texts(field)) => Test::Among(text, field),
            (Typed::Address(field), Typed::Constants(texts)) => {
                Test::Address(field, AddressTest::In(nets(list.id, &texts)?))
            }
            (Typed::Number(number, Type::Int), Typed::Numbers(numbers)) => {
                let Number::Field(field) = number else {
                    return Err((item.id, "only a field can be looked for in a list of numbers".into()));
                };
                let is = |n| Arc::new(Test::Number(Number::Field(field), Order::Equal, Number::Int(n)));
                Test::Or(numbers.into_iter().map(is).collect())
            }
            (item, list) => return Err((id, format!("no {} is in a {}", item.name(), list.name()))),
        };
        Ok(Typed::Test(test))
    }

    /// A name of an event that no event has can never match: somebody has mistyped it.
    fn known_name(&self, e: &Expression, text: Text, words: &[String]) -> Result<Text, Wrong> {
        if matches!(text, Text::Field(field) if field.name == "event.name") {
            for word in words {
                event_name(e.id, word)?;
            }
        }
        Ok(text)
    }

    fn binary(&mut self, id: u64, name: &str, left: &Expression, right: &Expression) -> Result<Typed, Wrong> {
        let (left_id, left, right) = (root(left), self.typed(left)?, self.typed(right)?);
        if let Some(operation) = operation(name) {
            return match (left, right) {
                (Typed::Number(left, of), Typed::Number(right, other)) if of == other => {
                    if operation == Operation::Modulo && of == Type::Double {
                        return Err((id, "% is for whole numbers".into()));
                    }
                    let node = Number::Calculated(Box::new(left), operation, Box::new(right));
                    self.nodes += 1;
                    Ok(Typed::Number(node, of))
                }
                (left, right) => Err((id, mismatch(&left, &right, "calculate with"))),
            };
        }
        let (order, negated) = order(name).ok_or((id, unknown_function(name)))?;
        let test = match (left, right) {
            (Typed::Text(text), Typed::Text(other)) if order == Order::Equal => {
                if let (Text::Field(field), Text::Const(word)) = (&text, &other)
                    && field.name == "event.name"
                {
                    event_name(left_id, word)?;
                }
                Test::Text(text, TextTest::Is(other))
            }
            (Typed::Text(text), Typed::Text(other)) => Test::Text(text, TextTest::Compare(order, other)),
            (Typed::Number(left, _), Typed::Number(right, _)) => Test::Number(left, order, right),
            (Typed::Test(left), Typed::Test(right)) if order == Order::Equal => {
                Test::Same(Box::new([left, right]))
            }
            (Typed::Address(field), Typed::Text(Text::Const(text))) if order == Order::Equal => {
                let address = text.parse().map_err(|_| (id, format!("{text:?} is no IP address")))?;
                Test::Address(field, AddressTest::Is(address))
            }
            (left, right) => return Err((id, mismatch(&left, &right, "compare"))),
        };
        Ok(Typed::Test(if negated { Test::Not(Arc::new(test)) } else { test }))
    }

    fn method(
        &mut self,
        id: u64,
        name: &str,
        target: &Expression,
        args: &[Expression],
    ) -> Result<Typed, Wrong> {
        let target_id = root(target);
        let target = self.typed(target)?;
        if let Typed::Address(field) = target {
            let test = match (name, args) {
                ("isLoopback", []) => AddressTest::Loopback,
                ("isInternal", []) => AddressTest::Internal,
                ("inNet", [net]) => AddressTest::In(nets(net.id, &self.texts(net)?)?),
                _ => {
                    return Err((
                        id,
                        format!("an address has isLoopback(), isInternal() and inNet(); not {name}"),
                    ));
                }
            };
            return Ok(Typed::Test(Test::Address(field, test)));
        }
        let Typed::Text(text) = target else {
            return Err((target_id, format!("a {} has no {name}()", target.name())));
        };
        let test = match (name, args) {
            ("basename", []) => return Ok(Typed::Text(Text::Basename(Box::new(text)))),
            ("parentDomain", []) => return Ok(Typed::Text(Text::ParentDomain(Box::new(text)))),
            ("entropy", []) => return Ok(Typed::Number(Number::Entropy(text), Type::Double)),
            ("longestLabel", []) => return Ok(Typed::Number(Number::LongestLabel(text), Type::Int)),
            ("startsWith", [with]) => TextTest::StartsWith(Prefixes::new(self.texts(with)?)),
            ("endsWith", [with]) => TextTest::EndsWith(Prefixes::of_ends(self.texts(with)?)),
            ("under", [with]) => TextTest::Under(Paths::new(self.texts(with)?)),
            ("matches", [pattern]) => TextTest::Matches(self.pattern(pattern)?),
            ("contains", [part]) => match self.typed(part)? {
                Typed::Constants(parts) => TextTest::Contains(Box::new(any_of(part.id, &parts)?)),
                Typed::Text(Text::Const(part_text)) => {
                    TextTest::Contains(Box::new(any_of(part.id, &[part_text.into_string()])?))
                }
                Typed::Text(other) => TextTest::ContainsText(other),
                other => return Err((part.id, format!("a {} is in no string", other.name()))),
            },
            _ => return Err((id, unknown_function(name))),
        };
        Ok(Typed::Test(Test::Text(text, test)))
    }

    /// One text or several, known now.
    fn texts(&mut self, e: &Expression) -> Result<Vec<String>, Wrong> {
        match self.typed(e)? {
            Typed::Text(Text::Const(text)) => Ok(vec![text.into_string()]),
            Typed::Constants(texts) => Ok(texts),
            other => Err((e.id, format!("this is a {} that is not known now; write strings", other.name()))),
        }
    }

    fn pattern(&mut self, e: &Expression) -> Result<Pattern, Wrong> {
        let Text::Const(pattern) = self.text(e)? else {
            return Err((e.id, "a pattern must be known now: write it as a string".into()));
        };
        Pattern::new(&pattern).map_err(|error| {
            let message = error.to_string();
            (e.id, format!("not a usable pattern: {}", message.lines().last().unwrap_or("").trim()))
        })
    }

    /// `exists` and `all`, as the parser has expanded them.
    fn comprehension(&mut self, id: u64, of: &ComprehensionExpr) -> Result<Typed, Wrong> {
        const ONLY: &str = "of the list macros exists() and all() are supported";
        let Expr::Call(step) = &of.loop_step.expr else { return Err((id, ONLY.into())) };
        let begins_with = match &of.accu_init.expr {
            Expr::Literal(LiteralValue::Boolean(value)) => value.into_inner(),
            _ => return Err((id, ONLY.into())),
        };
        let any = match (step.func_name.as_str(), begins_with) {
            (operators::LOGICAL_OR, false) => true,
            (operators::LOGICAL_AND, true) => false,
            _ => return Err((id, ONLY.into())),
        };
        let [_, inner] = step.args.as_slice() else { return Err((id, ONLY.into())) };
        if self.element.is_some() {
            return Err((id, "exists() and all() cannot stand in each other".into()));
        }
        let Typed::Texts(field) = self.typed(&of.iter_range)? else {
            return Err((
                of.iter_range.id,
                "exists() and all() go through a field that holds strings".into(),
            ));
        };
        self.element = Some(of.iter_var.clone());
        let inner = self.bool(inner);
        self.element = None;
        let inner = Box::new(inner?);
        Ok(Typed::Test(if any { Test::Any(field, inner) } else { Test::All(field, inner) }))
    }
}

const FUNCTIONS: [&str; 4] = ["basename", "parentDomain", "entropy", "longestLabel"];
const METHODS: [&str; 10] = [
    "startsWith",
    "endsWith",
    "contains",
    "matches",
    "under",
    "size",
    "exists",
    "all",
    "isLoopback",
    "isInternal",
];

fn of_literal(literal: &LiteralValue) -> Result<Typed, String> {
    Ok(match literal {
        LiteralValue::Boolean(value) => Typed::Test(Test::Const(value.into_inner())),
        LiteralValue::Int(number) => Typed::Number(Number::Int(*number.inner()), Type::Int),
        LiteralValue::UInt(number) => {
            let number = i64::try_from(*number.inner()).map_err(|_| "numbers end at 2^63-1")?;
            Typed::Number(Number::Int(number), Type::Int)
        }
        LiteralValue::Double(number) => {
            Typed::Number(Number::Double(Fraction(*number.inner())), Type::Double)
        }
        LiteralValue::String(text) => Typed::Text(Text::Const(text.inner().into())),
        LiteralValue::Bytes(_) | LiteralValue::Null => {
            return Err("bytes and null are of no use in a condition: has() asks for absence".into());
        }
    })
}

/// `file.path` of the selections that it is parsed as.
fn dotted(e: &Expression) -> Option<String> {
    match &e.expr {
        Expr::Ident(name) => Some(name.clone()),
        Expr::Select(select) => Some(format!("{}.{}", dotted(&select.operand)?, select.field)),
        _ => None,
    }
}

/// The node at which a name begins; that of a selection stands at its dot.
fn root(e: &Expression) -> u64 {
    match &e.expr {
        Expr::Select(select) => root(&select.operand),
        _ => e.id,
    }
}

fn field(id: u64, name: &str) -> Result<&'static Field, Wrong> {
    let names = || fields().filter(|f| !matches!(f.source, Source::JsonOnly)).map(|f| f.name);
    match Field::named(name) {
        Some(field) if matches!(field.source, Source::JsonOnly) => {
            Err((id, format!("{name} is only in the JSON form: no condition can ask for it")))
        }
        Some(field) => Ok(field),
        None => Err((id, unknown("field", name, names()))),
    }
}

fn event_name(id: u64, name: &str) -> Result<(), Wrong> {
    let names = || wasmscope_model::Kind::ALL.iter().map(|kind| kind.as_str());
    if name.parse::<wasmscope_model::Kind>().is_ok() {
        return Ok(());
    }
    Err((id, unknown("event", name, names())))
}

/// `no field "file.pth"; did you mean "file.path"?`
pub(crate) fn unknown<'n>(what: &str, name: &str, known: impl Iterator<Item = &'n str>) -> String {
    let near = known.map(|other| (strsim::jaro_winkler(name, other), other));
    match near.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness > 0.8) {
        Some((_, other)) => format!("there is no {what} {name:?}; did you mean {other:?}?"),
        None => format!("there is no {what} {name:?}"),
    }
}

fn unknown_function(name: &str) -> String {
    unknown("function", name, METHODS.iter().chain(&FUNCTIONS).copied())
}

fn mismatch(left: &Typed, right: &Typed, verb: &str) -> String {
    format!("cannot {verb} a {} and a {}", left.name(), right.name())
}

fn order(name: &str) -> Option<(Order, bool)> {
    Some(match name {
        operators::EQUALS => (Order::Equal, false),
        operators::NOT_EQUALS => (Order::Equal, true),
        operators::LESS => (Order::Less, false),
        operators::LESS_EQUALS => (Order::LessOrEqual, false),
        operators::GREATER => (Order::Greater, false),
        operators::GREATER_EQUALS => (Order::GreaterOrEqual, false),
        _ => return None,
    })
}

fn operation(name: &str) -> Option<Operation> {
    Some(match name {
        operators::ADD => Operation::Add,
        operators::SUBSTRACT => Operation::Subtract,
        operators::MULTIPLY => Operation::Multiply,
        operators::DIVIDE => Operation::Divide,
        operators::MODULO => Operation::Modulo,
        _ => return None,
    })
}

fn nets(id: u64, texts: &[String]) -> Result<Box<[IpNet]>, Wrong> {
    let net = |text: &String| {
        let one = || text.parse::<std::net::IpAddr>().map(IpNet::from).ok();
        text.parse().ok().or_else(one).ok_or((id, format!("{text:?} is no network like 10.0.0.0/8")))
    };
    texts.iter().map(net).collect()
}

fn any_of(id: u64, parts: &[String]) -> Result<Needles, Wrong> {
    Needles::new(parts).map_err(|error| (id, format!("too much to search for: {error}")))
}
