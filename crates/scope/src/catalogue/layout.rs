//! How a draft's services stand in a catalogue's text.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::access::Access;
use super::draft::{Action, DraftService};
use super::header::Extent;
use super::name;
use super::permission::{Plane, Planes};
use super::short::{self, Type};
use crate::Cloud;

/// The body of a catalogue as it is written.
#[derive(Debug)]
pub(super) struct Layout {
    cloud: Cloud,
    /// Whether all but the names stands in columns of their own: nobody edits that, but it compresses better by
    /// a sixth.
    apart: bool,
    lines: String,
    keys: String,
    sets: String,
    types: String,
    verbs: String,
    groups: String,
}

impl Layout {
    pub(super) fn new(cloud: Cloud, extent: Extent) -> Self {
        let [lines, keys, sets, types, verbs, groups] = [const { String::new() }; 6];
        Self { cloud, apart: extent == Extent::Whole, lines, keys, sets, types, verbs, groups }
    }

    pub(super) fn text(self) -> String {
        match self.apart {
            true => [self.lines, self.keys, self.types, self.sets, self.verbs, self.groups].join("\u{c}"),
            false => self.lines,
        }
    }

    pub(super) fn add(&mut self, service: &DraftService) {
        let mut keys = service.keys.clone();
        let of_permissions = service.permissions.values().flat_map(|(_, action)| &action.keys);
        for key in of_permissions.chain(service.types.values().flat_map(|kind| &kind.keys)) {
            keys.entry(key.clone()).or_insert_with(|| "String".to_owned());
        }
        let mut nouns: BTreeMap<&str, Vec<(&str, &Action)>> = BTreeMap::new();
        for (rest, action) in service.permissions.values() {
            let (noun, verb) = name::noun_and_verb(self.cloud, rest);
            nouns.entry(noun).or_default().push((verb, action));
        }
        let plurals = if self.apart { plurals(&nouns) } else { BTreeSet::new() };
        let stems = nouns.keys().copied().filter(|noun| self.apart && !plurals.contains(*noun));
        let types = Types::of(service, stems);
        let mut sets = Sets {
            places: keys.keys().enumerate().map(|(at, key)| (key.as_str(), at)).collect(),
            lines: Vec::new(),
        };
        let type_lines: Vec<String> =
            types.all.iter().map(|kind| type_line(service, kind, &mut sets)).collect();
        let groups: BTreeMap<&str, Groups<'_>> = nouns
            .iter()
            .map(|(noun, actions)| (*noun, self.noun_groups(service, &types, noun, actions, &mut sets)))
            .collect();

        // Writing to a string does not fail.
        let _ = writeln!(self.lines, "@{}", service.name);
        for (key, kind) in &keys {
            let key = short::of_key(&service.name, key);
            let kind = if kind == "String" { String::new() } else { format!("\t{kind}") };
            let _ = match self.apart {
                true => writeln!(self.keys, "{key}{kind}"),
                false => writeln!(self.lines, "#{key}{kind}"),
            };
        }
        for set in &sets.lines {
            let _ = match self.apart {
                true => writeln!(self.sets, "{set}"),
                false => writeln!(self.lines, "={set}"),
            };
        }
        self.keys.push('\n');
        self.sets.push('\n');
        for (at, (kind, line)) in types.all.iter().zip(type_lines).enumerate() {
            if at < types.written {
                let mark = if kind.stem == kind.name { None } else { Type::mark(&kind.stem, &kind.name) };
                let end = if self.apart { "\n" } else { "\t" };
                let _ =
                    write!(self.lines, ".{}{}{end}", kind.stem, mark.map(String::from).unwrap_or_default());
            }
            let column = if self.apart { &mut self.types } else { &mut self.lines };
            let _ = writeln!(column, "{line}");
        }
        let mut head = "";
        for (noun, own) in groups.iter().filter(|(noun, _)| !plurals.contains(**noun)) {
            match noun.strip_prefix(head).filter(|_| !head.is_empty()) {
                Some(tail) => {
                    let _ = write!(self.lines, "+{tail}");
                }
                None => {
                    head = noun;
                    self.lines.push_str(noun);
                }
            }
            let mark = types.called_after(noun).and_then(|kind| Type::mark(&kind.stem, &kind.name));
            match plurals.get(&format!("{noun}s")).and_then(|plural| groups.get(plural.as_str())) {
                Some(of_plural) => {
                    self.lines.extend(['s'].into_iter().chain(mark).chain([short::BOTH]));
                    self.write_groups(own);
                    self.write_groups(of_plural);
                }
                None => {
                    self.lines.extend(mark);
                    self.write_groups(own);
                }
            }
            self.lines.push('\n');
        }
    }

    /// What the verbs of a noun have in common, and the verbs.
    fn noun_groups<'a>(
        &self,
        service: &DraftService,
        types: &Types,
        noun: &str,
        actions: &[(&'a str, &Action)],
        sets: &mut Sets<'_>,
    ) -> Groups<'a> {
        let mut groups = Groups::new();
        for (verb, action) in actions {
            let level = Some(action.access).filter(|level| !self.apart || *level != Access::of_verb(verb));
            let plane = match action.planes {
                Planes::One(Plane::Control) => "",
                Planes::One(Plane::Data) => "d",
                Planes::Both => "b",
            };
            let places = types.places(noun, &action.types);
            // Keys that a type brings are not said again.
            let brought = |key: &&String| {
                let mut kinds = action.types.iter().filter_map(|(name, _)| service.types.get(name));
                kinds.any(|kind| kind.keys.contains(key))
            };
            let set = sets.number(action.keys.iter().filter(|key| !brought(key)));
            let set = if set.is_empty() { set } else { format!("={set}") };
            let level = level.map(|level| String::from(level.letter())).unwrap_or_default();
            groups.entry(format!("{level}{plane}{places}{set}")).or_default().push(verb);
        }
        groups
    }

    fn write_groups(&mut self, groups: &Groups<'_>) {
        let verbs = groups.values().map(|verbs| verbs.join(","));
        if self.apart {
            self.verbs += &(verbs.collect::<Vec<_>>().join("\t") + "\n");
            self.groups.extend(groups.keys().flat_map(|group| [group.as_str(), "\n"]));
        } else {
            self.lines.extend(groups.keys().zip(verbs).map(|(group, verbs)| format!("\t{group}:{verbs}")));
        }
    }
}

/// What verbs have in common, and those verbs.
type Groups<'a> = BTreeMap<String, Vec<&'a str>>;

/// The nouns that are written with their singular.
fn plurals<T>(nouns: &BTreeMap<&str, T>) -> BTreeSet<String> {
    let mut plurals = BTreeSet::new();
    for noun in nouns.keys().filter(|noun| !noun.is_empty()) {
        let plural = format!("{noun}s");
        if !plurals.contains(*noun) && nouns.contains_key(plural.as_str()) {
            plurals.insert(plural);
        }
    }
    plurals
}

/// The types of a service in the order of their places: those with a line of their own, then those that are called
/// after a noun.
struct Types {
    all: Vec<Type>,
    /// How many have a line of their own.
    written: usize,
}

impl Types {
    fn of<'n>(service: &DraftService, nouns: impl Iterator<Item = &'n str>) -> Self {
        let mut left: Vec<&String> = service.types.keys().collect();
        let mut called = Vec::new();
        for noun in nouns.filter(|noun| !noun.is_empty()) {
            if let Some(at) = left.iter().position(|name| Type::mark(noun, name).is_some()) {
                called.push(Type { stem: noun.to_owned(), name: left.remove(at).clone() });
            }
        }
        let written = left.len();
        let lines =
            left.into_iter().filter_map(|name| Some(by_placeholder(name, &service.types.get(name)?.arns)));
        Self { all: lines.chain(called).collect(), written }
    }

    fn called_after(&self, noun: &str) -> Option<&Type> {
        self.all.iter().skip(self.written).find(|kind| kind.stem == noun)
    }

    /// The places of an action's types, in its order.
    fn places(&self, noun: &str, types: &[(String, bool)]) -> String {
        let own = self.all.iter().skip(self.written).rfind(|kind| noun.starts_with(&kind.stem));
        let places = types.iter().filter_map(|(name, required)| {
            let place = match own.filter(|own| own.name == *name) {
                Some(_) => "~".to_owned(),
                None => self.all.iter().position(|kind| kind.name == *name)?.to_string(),
            };
            Some(if *required { place } else { place + "?" })
        });
        places.collect::<Vec<_>>().join(",")
    }
}

/// A type by the stem that a placeholder of its ARN formats begins with: `${BigTopicId}` tells of `big-topic` how its
/// words are set apart.
fn by_placeholder(name: &str, arns: &[String]) -> Type {
    let placeholders =
        arns.iter().flat_map(|arn| arn.split("${").skip(1)).filter_map(|rest| rest.split('}').next());
    let stems = placeholders.flat_map(|text| text.char_indices().filter_map(|(at, _)| text.get(..=at)));
    let stem = stems.filter(|stem| Type::mark(stem, name).is_some()).last();
    Type { stem: stem.unwrap_or(name).to_owned(), name: name.to_owned() }
}

fn type_line(service: &DraftService, kind: &Type, sets: &mut Sets<'_>) -> String {
    let Some(known) = service.types.get(&kind.name) else { return String::new() };
    let arns: Vec<_> = known.arns.iter().map(|arn| short::of_arn(&service.name, kind, arn)).collect();
    format!("{}\t{}", sets.number(known.keys.iter()), arns.join("\t"))
}

/// The sets of keys of a service, each written once.
struct Sets<'a> {
    places: BTreeMap<&'a str, usize>,
    lines: Vec<String>,
}

impl Sets<'_> {
    /// The number of a set, from 1; nothing for the empty one.
    fn number<'k>(&mut self, keys: impl Iterator<Item = &'k String>) -> String {
        let mut places: Vec<usize> = keys.filter_map(|key| self.places.get(key.as_str()).copied()).collect();
        places.sort_unstable();
        places.dedup();
        if places.is_empty() {
            return String::new();
        }
        let line = places.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
        let number = self.lines.iter().position(|known| *known == line).unwrap_or_else(|| {
            self.lines.push(line);
            self.lines.len() - 1
        });
        (number + 1).to_string()
    }
}
