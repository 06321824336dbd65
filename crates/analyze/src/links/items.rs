//! What the index spaces of a component hold while its definitions are followed.

use super::module::Linkable;
use super::wiring::Wiring;
use crate::CallGraph;

/// What there is to link.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'p, 'a> {
    pub(crate) wirings: &'p [Wiring<'a>],
    pub(crate) modules: &'p [Linkable<'a>],
    pub(crate) graphs: &'p [Option<CallGraph>],
}

/// A node of the joined graph: a function of a module instance, or glue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Node(u32);

impl Node {
    const GLUE: u32 = 1 << 31;
    /// Leads to everything: stands for whatever could not be resolved.
    pub(crate) const ANYTHING: Node = Node::glue(0);

    pub(crate) const fn code(index: u32) -> Self {
        Self(index & !Self::GLUE)
    }

    pub(crate) const fn glue(index: u32) -> Self {
        Self(index | Self::GLUE)
    }

    pub(crate) const fn as_glue(self) -> Option<u32> {
        if self.0 & Self::GLUE == 0 { None } else { Some(self.0 & !Self::GLUE) }
    }

    /// Its place among all nodes, where `code` nodes of functions go before the glue.
    pub(crate) const fn dense(self, code: u32) -> u32 {
        if self.0 & Self::GLUE == 0 { self.0 } else { code + (self.0 & !Self::GLUE) }
    }
}

/// A core module that can be instantiated.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Module {
    /// By its number in the file.
    Core(u32),
    /// The host gives it; what it does is this node.
    Host(Node),
    Unresolved,
}

/// A type, as far as calls depend on it.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Type {
    /// Dropping a handle calls this.
    Resource(Option<Node>),
    /// Dropping a handle calls nothing in the component.
    Other,
    Unresolved,
}

/// Anything that a component can import, export or alias. Instances and components by their place in the linker.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Item {
    Function(Node),
    Instance(u32),
    Component(u32),
    Module(Module),
    Type(Type),
    Value,
    Unresolved,
}

/// A component instance.
#[derive(Debug)]
pub(crate) enum Instance<'a> {
    /// Its exports, sorted by name.
    Exports(Vec<(&'a str, Item)>),
    /// The host gives it, as the import with this place in the linker.
    Host(u32),
    /// An instance of a component that is not in the file, or not followed: calling it is this node.
    Opaque(Node),
}

/// A component that can be instantiated.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Component {
    /// By its number in the file, with the frame in which it stands.
    Defined {
        number: u32,
        frame: Option<u32>,
    },
    Host(Node),
    Unresolved,
}

/// What the definitions of nested components can refer to by outer aliases.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(crate) parent: Option<u32>,
    pub(crate) modules: Vec<Module>,
    pub(crate) components: Vec<u32>,
    pub(crate) types: Vec<Type>,
}

/// Something that a core module can import. Tables by their place in the linker.
#[derive(Debug, Clone, Copy)]
pub(crate) enum CoreItem {
    Function(Node),
    Table(u32),
    /// A memory, global or tag: no call goes through it.
    Other,
    Unresolved,
}

/// A core instance.
#[derive(Debug)]
pub(crate) enum CoreInstance<'a> {
    /// An instance of a module, by its place in the joined graph.
    Code(u32),
    /// Items under new names, sorted by name.
    Bag(Vec<(&'a str, CoreItem)>),
    /// An instance of a module that is not followed: calling it is this node.
    Opaque(Node),
}
