//! The type section: which function types are interchangeable in an indirect call, and how they read.

use crate::limits::GROUP_TYPES;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use wasmparser::{BinaryReader, CompositeInnerType, FuncType, HeapType, SubType, TypeSectionReader, ValType};

/// The types of a module.
///
/// Each function type has a *family*: two types of different families are never equal nor subtypes of each other, so a
/// call by a type of one cannot reach a function of the other. References to types of the module count as equal
/// whatever they refer to, and supertypes join families, so a family may be larger than need be, never smaller.
#[derive(Default)]
pub(crate) struct Types<'a> {
    section: Option<TypeSectionReader<'a>>,
    /// Family of each type before joining; [`NO_FUNCTION`] for structs and arrays.
    family: Vec<u32>,
    /// What each family was joined to.
    joined: Vec<u32>,
    /// A type that needs the GC or function-references proposal occurs.
    pub(crate) gc: bool,
    /// A function type has more than one result.
    pub(crate) multi_value: bool,
    /// The vector type occurs.
    pub(crate) vectors: bool,
}

const NO_FUNCTION: u32 = u32::MAX;

impl<'a> Types<'a> {
    pub(crate) fn read(section: TypeSectionReader<'a>) -> wasmparser::Result<Self> {
        let mut types = Self { section: Some(section.clone()), ..Self::default() };
        // By hash alone: a collision joins two families, which is allowed. Looked up only, never iterated.
        let mut known: HashMap<u64, u32> = HashMap::new();
        for group in section {
            let group = group?;
            types.gc |= group.is_explicit_rec_group();
            for ty in group.into_types() {
                types.add(&ty, &mut known);
            }
        }
        Ok(types)
    }

    fn add(&mut self, ty: &SubType, known: &mut HashMap<u64, u32>) {
        let CompositeInnerType::Func(function) = &ty.composite_type.inner else {
            self.gc = true;
            self.family.push(NO_FUNCTION);
            return;
        };
        self.multi_value |= function.results().len() > 1;
        self.vectors |= function.params().iter().chain(function.results()).any(|t| *t == ValType::V128);
        let next = self.joined.len() as u32;
        let family = *known.entry(shape(function)).or_insert(next);
        if family == next {
            self.joined.push(family);
        }
        self.family.push(family);
        for index in ty.supertype_idxs.iter().filter_map(|index| index.as_module_index()) {
            self.gc = true;
            self.join(family, self.family.get(index as usize).copied().unwrap_or(family));
        }
    }

    fn join(&mut self, a: u32, b: u32) {
        if a == NO_FUNCTION || b == NO_FUNCTION {
            return;
        }
        let (a, b) = (self.root(a), self.root(b));
        self.joined[a.max(b) as usize] = a.min(b);
    }

    fn root(&mut self, mut family: u32) -> u32 {
        while self.joined[family as usize] != family {
            // Halves the path, so that chains stay short.
            let parent = self.joined[family as usize];
            self.joined[family as usize] = self.joined[parent as usize];
            family = parent;
        }
        family
    }

    /// The family of the type `index`; `None` if that is no function type.
    pub(crate) fn family(&mut self, index: u32) -> Option<u32> {
        let family = *self.family.get(index as usize)?;
        (family != NO_FUNCTION).then(|| self.root(family))
    }

    /// Parameters and results of each type; none of what is no function type.
    pub(crate) fn arities(&self) -> Vec<(u16, u16)> {
        let groups = self.section.clone().into_iter().flatten().map_while(Result::ok);
        let types = groups.flat_map(|group| group.into_types());
        let short = |list: &[ValType]| u16::try_from(list.len()).unwrap_or(u16::MAX);
        let arity = |ty: SubType| match &ty.composite_type.inner {
            CompositeInnerType::Func(function) => (short(function.params()), short(function.results())),
            _ => (0, 0),
        };
        types.map(arity).collect()
    }

    /// For each family a hash that is the same in all modules, so that different ones mean different types;
    /// 0, which no other hash is, for all where subtypes may join families.
    pub(crate) fn shapes(&self) -> Vec<u64> {
        if self.gc {
            return vec![0; self.joined.len()];
        }
        let mut shapes = Vec::with_capacity(self.joined.len());
        for (ty, family) in self.all().zip(&self.family) {
            // Families are numbered as they come.
            if let (true, CompositeInnerType::Func(function)) =
                (*family as usize == shapes.len(), &ty.composite_type.inner)
            {
                shapes.push(shape(function).max(1));
            }
        }
        shapes
    }

    /// For each type, is it a function type with references among its parameters and results?
    pub(crate) fn with_references(&self) -> Vec<bool> {
        let carries = |ty: SubType| match ty.composite_type.inner {
            CompositeInnerType::Func(f) => {
                f.params().iter().chain(f.results()).any(|ty| ty.is_reference_type())
            }
            _ => false,
        };
        self.all().map(carries).collect()
    }

    fn all(&self) -> impl Iterator<Item = SubType> + use<'_, 'a> {
        let groups = self.section.clone().into_iter().flatten().map_while(Result::ok);
        groups.flat_map(|group| group.into_types())
    }

    /// How the `wanted` types read: `(i32, i64) -> (i32)`.
    pub(crate) fn signatures(&self, wanted: &BTreeSet<u32>) -> BTreeMap<u32, String> {
        let mut found = BTreeMap::new();
        let Some(last) = wanted.last() else { return found };
        for (index, ty) in (0..=*last).zip(self.all()) {
            if let (true, CompositeInnerType::Func(function)) =
                (wanted.contains(&index), &ty.composite_type.inner)
            {
                found.insert(index, signature(function));
            }
        }
        found
    }
}

/// Counts the types of a type section in `file`, group by group, before anything holds a whole group.
///
/// # Errors
///
/// With its place, if a group has more than [`GROUP_TYPES`].
pub(crate) fn count(section: &TypeSectionReader<'_>, file: &[u8]) -> Result<u32, u64> {
    const GROUP: u8 = 0x4e;
    let range = section.range();
    let bytes = file.get(range.start as usize..range.end as usize).unwrap_or_default();
    if !bytes.contains(&GROUP) {
        return Ok(section.count());
    }
    let mut types = 0u32;
    let mut groups = section.clone().into_iter();
    loop {
        let at = groups.original_position();
        let declared = match file.get(at as usize..).and_then(<[u8]>::split_first) {
            Some((&GROUP, count)) => BinaryReader::new(count, at + 1).read_var_u32().unwrap_or(0),
            _ => 1,
        };
        if declared > GROUP_TYPES {
            return Err(at);
        }
        types = types.saturating_add(declared);
        match groups.next() {
            Some(Ok(_)) => {}
            Some(Err(_)) | None => return Ok(types),
        }
    }
}

/// A hash of everything that must be equal for two function types to be equal.
fn shape(function: &FuncType) -> u64 {
    let mut hasher = DefaultHasher::new();
    let mut add = |types: &[ValType]| {
        types.len().hash(&mut hasher);
        for ty in types {
            match ty {
                ValType::Ref(reference) if is_concrete(reference.heap_type()) => 0u8.hash(&mut hasher),
                ty => (1u8, ty).hash(&mut hasher),
            }
        }
    };
    add(function.params());
    add(function.results());
    hasher.finish()
}

fn is_concrete(ty: HeapType) -> bool {
    matches!(ty, HeapType::Concrete(_) | HeapType::Exact(_))
}

fn signature(function: &FuncType) -> String {
    // As many as could be kept: a type may have a thousand parameters.
    let list = |types: &[ValType]| {
        let names: Vec<String> = types.iter().take(100).map(ToString::to_string).collect();
        names.join(", ")
    };
    crate::text::name(&format!("({}) -> ({})", list(function.params()), list(function.results())))
}
