//! What the sections of one component define, in their order.

use crate::limits::DEFINITIONS;
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentInstance, ComponentType, FromReader,
    Instance, Payload, SectionLimited,
};

/// One definition. Each adds to the index space of its kind; core types and values are not kept, because no call goes
/// through them.
#[derive(Debug)]
pub(crate) enum Definition<'a> {
    /// A core module, by its number in the file.
    Module(u32),
    /// A nested component, by its number in the file.
    Component(u32),
    CoreInstance(Instance<'a>),
    Instance(ComponentInstance<'a>),
    Alias(ComponentAlias<'a>),
    Canon(CanonicalFunction),
    Import(&'a str, ComponentExternalKind),
    Export(&'a str, ComponentExternalKind, u32),
    /// A resource type of the component, with the core function that is its destructor.
    Resource(Option<u32>),
    /// So many other types.
    Types(u32),
    /// The function that runs at instantiation.
    Start(u32),
}

/// The definitions of one component.
#[derive(Debug, Default)]
pub(crate) struct Wiring<'a> {
    pub(crate) definitions: Vec<Definition<'a>>,
    /// Why not all definitions are here.
    pub(crate) stopped: Option<String>,
}

/// The first byte of a resource type.
const RESOURCE: u8 = 0x3f;

/// What may still be kept, of all components of a file together.
#[derive(Debug)]
pub(crate) struct Left(usize);

impl Default for Left {
    fn default() -> Self {
        Self(DEFINITIONS)
    }
}

impl<'a> Wiring<'a> {
    /// Keeps one definition which refers to `parts` others.
    pub(crate) fn push(&mut self, definition: Definition<'a>, parts: usize, left: &mut Left) {
        match left.0.checked_sub(parts.saturating_add(1)) {
            Some(rest) if self.stopped.is_none() => {
                left.0 = rest;
                self.definitions.push(definition);
            }
            Some(_) => {}
            None => {
                left.0 = 0;
                self.stopped.get_or_insert_with(|| format!("more than {DEFINITIONS} definitions"));
            }
        }
    }

    /// Keeps what a section of the `file` defines.
    pub(crate) fn take(&mut self, payload: &Payload<'a>, file: &[u8], left: &mut Left) {
        match payload {
            Payload::InstanceSection(section) => self.section(section, left, |instance| {
                let parts = match &instance {
                    Instance::Instantiate { args, .. } => args.len(),
                    Instance::FromExports(exports) => exports.len(),
                };
                (Definition::CoreInstance(instance), parts)
            }),
            Payload::ComponentInstanceSection(section) => self.section(section, left, |instance| {
                let parts = match &instance {
                    ComponentInstance::Instantiate { args, .. } => args.len(),
                    ComponentInstance::FromExports(exports) => exports.len(),
                };
                (Definition::Instance(instance), parts)
            }),
            Payload::ComponentAliasSection(section) => {
                self.section(section, left, |alias| (Definition::Alias(alias), 0))
            }
            Payload::ComponentCanonicalSection(section) => {
                self.section(section, left, |function| (Definition::Canon(function), 0))
            }
            Payload::ComponentImportSection(section) => self
                .section(section, left, |import| (Definition::Import(import.name.name, import.ty.kind()), 0)),
            Payload::ComponentExportSection(section) => self.section(section, left, |export| {
                (Definition::Export(export.name.name, export.kind, export.index), 0)
            }),
            Payload::ComponentTypeSection(section) => {
                let range = section.range();
                let bytes = file.get(range.start as usize..range.end as usize).unwrap_or_default();
                // Most sections have no resource, and most of a component's other bytes are types.
                if !bytes.contains(&RESOURCE) {
                    let count = section.count();
                    self.push(Definition::Types(count), count as usize, left);
                    return;
                }
                self.section(section, left, |ty| match ty {
                    ComponentType::Resource { dtor, .. } => (Definition::Resource(dtor), 0),
                    _ => (Definition::Types(1), 0),
                });
            }
            Payload::ComponentStartSection { start, .. } => {
                self.push(Definition::Start(start.func_index), 0, left)
            }
            _ => {}
        }
    }

    fn section<T: FromReader<'a>>(
        &mut self,
        section: &SectionLimited<'a, T>,
        left: &mut Left,
        make: impl Fn(T) -> (Definition<'a>, usize),
    ) {
        for item in section.clone() {
            if self.stopped.is_some() {
                return;
            }
            match item {
                Ok(item) => {
                    let (definition, parts) = make(item);
                    self.push(definition, parts, left);
                }
                Err(error) => self.stopped = Some(crate::text::message(&error)),
            }
        }
    }
}
