//! From text to an index into it: nothing of the text is copied.

use super::access::Access;
use super::header::{Header, HeaderError};
use super::index::{Entry, Index, ServiceEntry, Span, TypeEntry, digest, folded, slice};
use super::name::Rest;
use super::short::{self, Type};
use crate::Cloud;
use crate::sorted::{sort_by, sort_by_key};

/// Why a text is not a catalogue.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CatalogueError {
    /// The lines before the body.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// A line of the body, counted from the first of the text.
    #[error("line {line} is not as the format has it")]
    Line {
        /// The line's number.
        line: usize,
    },
    /// Two services have one name.
    #[error("there are two services called {0}")]
    Twice(String),
    /// More than 4 GB.
    #[error("the text is too long")]
    Long,
}

pub(super) fn read(text: &str) -> Result<(Header, Index), CatalogueError> {
    u32::try_from(text.len()).map_err(|_| CatalogueError::Long)?;
    let header = Header::read(text.lines())?;
    let before = text.find("\n\n").ok_or(HeaderError::Format)?;
    let body = before + 2;
    let mut columns = Column { text, at: body };
    let lines = columns.cut();
    let mut reader = Reader {
        cloud: header.cloud,
        index: Index::new(body),
        service: "",
        head: (0, ""),
        owners: Vec::new(),
        keys: columns.cut(),
        types: columns.cut(),
        sets: columns.cut(),
        verbs: columns.cut(),
        groups: columns.cut(),
    };
    let mut number = text.get(..body).unwrap_or_default().lines().count();
    for (at, line) in lines {
        number += 1;
        reader.line(at, line).ok_or(CatalogueError::Line { line: number })?;
    }
    // What is left over belongs to no line.
    let Reader { keys, sets, types, verbs, groups, .. } = &reader;
    if [keys, sets, types, verbs, groups].into_iter().copied().flatten().next().is_some() {
        return Err(CatalogueError::Line { line: number + 1 });
    }
    Ok((header, reader.finish(text)?))
}

/// What lines stand in a part of the text, with their places.
#[derive(Clone, Copy, Debug)]
struct Column<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Column<'t> {
    /// Takes the first off the columns that form feeds set apart.
    fn cut(&mut self) -> Self {
        let rest = self.text.get(self.at..).unwrap_or_default();
        let end = self.at + rest.find('\u{c}').unwrap_or(rest.len());
        let first = Self { text: self.text.get(..end).unwrap_or_default(), at: self.at };
        self.at = end + 1;
        first
    }
}

impl<'t> Iterator for Column<'t> {
    type Item = (usize, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let (at, line) = (self.at, rest.split_once('\n').map_or(rest, |(line, _)| line));
        self.at += line.len() + 1;
        Some((at, line))
    }
}

struct Reader<'t> {
    cloud: Cloud,
    index: Index,
    /// The present service, and the noun that nouns with a `+` begin with, with its place.
    service: &'t str,
    head: (usize, &'t str),
    /// The nouns that the present one begins with and that types are called after, with the places of those.
    owners: Vec<(String, u16)>,
    keys: Column<'t>,
    sets: Column<'t>,
    types: Column<'t>,
    verbs: Column<'t>,
    groups: Column<'t>,
}

impl<'t> Reader<'t> {
    /// Takes a line that begins at a place of the text, unless it is not as it should be.
    fn line(&mut self, at: usize, line: &'t str) -> Option<()> {
        // The text is shorter than 4 GB.
        let span = |from: usize| Span { start: (at + from) as u32, end: (at + line.len()) as u32 };
        if let Some(service) = line.strip_prefix('@') {
            self.close();
            (self.service, self.head) = (service, (0, ""));
            self.owners.clear();
            let next = ServiceEntry {
                name: span(1),
                entries: self.index.entries.len()..self.index.entries.len(),
                keys: self.index.keys.len()..self.index.keys.len(),
                sets: self.index.sets.len()..self.index.sets.len(),
                types: self.index.types.len()..self.index.types.len(),
            };
            self.index.services.push(next);
            while let Some((_, key)) = self.keys.next().filter(|(_, key)| !key.is_empty()) {
                self.take_key(key);
            }
            while let Some((at, set)) = self.sets.next().filter(|(_, set)| !set.is_empty()) {
                self.index.sets.push(Span { start: at as u32, end: (at + set.len()) as u32 });
            }
            return (!service.is_empty()).then_some(());
        }
        // Everything else is of a service.
        self.index.services.last()?;
        match line.as_bytes().first() {
            Some(b'#') => self.take_key(line.get(1..)?),
            Some(b'=') => self.index.sets.push(span(1)),
            Some(b'.') => {
                let (name, rest) = match line.get(1..)?.split_once('\t') {
                    Some((name, rest)) => (name, rest),
                    None => (line.get(1..)?, self.types.next()?.1),
                };
                self.take_type(Type::of_marked(name).unwrap_or_else(|| Type::plain(name)), rest);
            }
            _ => return self.noun(at, line),
        }
        Some(())
    }

    fn take_key(&mut self, written: &str) {
        let key = self.index.expand([short::key(self.service, written)]);
        self.index.keys.push(key);
    }

    /// Takes a type of resources, its set of keys and its ARN formats; tells its place.
    fn take_type(&mut self, kind: Type, rest: &str) -> Option<u16> {
        let (set, arns) = rest.split_once('\t').unwrap_or((rest, ""));
        let arns = arns.split('\t').filter(|arn| !arn.is_empty());
        let arns = self.index.expand(arns.map(|arn| short::arn(self.service, &kind, arn)));
        let name = self.index.expand([kind.name]);
        let Index { types, services, .. } = &mut self.index;
        types.push(TypeEntry { name, set: set.parse().unwrap_or(0), arns });
        u16::try_from(types.len() - 1 - services.last()?.types.start).ok()
    }

    fn noun(&mut self, at: usize, line: &'t str) -> Option<()> {
        let Some((noun, groups)) = line.split_once('\t') else { return self.noun_apart(at, line) };
        let mut at = at;
        let noun = self.known_noun(at, noun, "")?;
        at += line.len() - groups.len();
        for group in groups.split('\t') {
            let (signature, verbs) = group.split_once(':')?;
            self.group(noun, (at, signature), (at + signature.len() + 1, verbs))?;
            at += group.len() + 1;
        }
        Some(())
    }

    /// Takes a noun, or one and its plural, with the groups that stand in the columns.
    fn noun_apart(&mut self, at: usize, line: &'t str) -> Option<()> {
        let marked = line.strip_suffix(short::BOTH).unwrap_or(line);
        let written = marked.strip_suffix(short::MARKS).unwrap_or(marked);
        let mark = marked.get(written.len()..)?;
        if marked.len() == line.len() {
            let noun = self.known_noun(at, written, mark)?;
            return self.column_groups(noun);
        }
        let noun = self.known_noun(at, written.strip_suffix('s')?, mark)?;
        self.column_groups(noun)?;
        self.column_groups(match written.strip_prefix('+') {
            Some(tail) => Noun { tail: (at + 1, tail), ..noun },
            None => Noun { tail: (at, written), ..noun },
        })
    }

    /// A noun as it is written, and the type that it is called after, which is its own where it has a mark.
    fn known_noun(&mut self, at: usize, written: &'t str, mark: &str) -> Option<Noun<'t>> {
        let (head, tail) = match written.strip_prefix('+') {
            Some(tail) => (self.head, (at + 1, tail)),
            None => {
                self.head = (at, written);
                ((at, ""), self.head)
            }
        };
        Some(Noun { head, tail, own: self.owner([head.1, tail.1, mark].concat())? })
    }

    fn column_groups(&mut self, noun: Noun<'t>) -> Option<()> {
        let (mut at, line) = self.verbs.next()?;
        for verbs in line.split('\t') {
            let group = self.groups.next()?;
            self.group(noun, group, (at, verbs))?;
            at += verbs.len() + 1;
        }
        Some(())
    }

    /// The place of the type that a noun is called after, which is its own where it has a mark.
    fn owner(&mut self, marked: String) -> Option<u16> {
        while self.owners.last().is_some_and(|(owner, _)| !marked.starts_with(owner)) {
            self.owners.pop();
        }
        if let Some(kind) = Type::of_marked(&marked) {
            let stem = kind.stem.clone();
            let (_, rest) = self.types.next()?;
            let place = self.take_type(kind, rest)?;
            self.owners.push((stem, place));
        }
        Some(self.owners.last().map_or(u16::MAX, |(_, place)| *place))
    }

    /// Takes the verbs of a noun that have all but the name in common.
    fn group(&mut self, noun: Noun<'t>, signature: (usize, &str), verbs: (usize, &'t str)) -> Option<()> {
        if !is_signature(signature.1) {
            return None;
        }
        let mut at = verbs.0;
        for verb in verbs.1.split(',') {
            let name = Rest::new(self.cloud, [noun.head.1, noun.tail.1], verb);
            let (hash, letters) = digest(self.cloud, name);
            self.index.entries.push(Entry {
                hash,
                letters,
                group: signature.0 as u32,
                head: noun.head.0 as u32,
                tail: noun.tail.0 as u32,
                verb: at as u32,
                head_len: u16::try_from(noun.head.1.len()).ok()?,
                tail_len: u16::try_from(noun.tail.1.len()).ok()?,
                verb_len: u16::try_from(verb.len()).ok().filter(|len| *len > 0)?,
                own: noun.own,
            });
            at += verb.len() + 1;
        }
        Some(())
    }

    /// Ends the last service where the lists now end.
    fn close(&mut self) {
        let index = &mut self.index;
        if let Some(service) = index.services.last_mut() {
            service.entries.end = index.entries.len();
            service.keys.end = index.keys.len();
            service.sets.end = index.sets.len();
            service.types.end = index.types.len();
            if let Some(entries) = index.entries.get_mut(service.entries.clone()) {
                sort_by_key(entries, |entry| entry.hash);
            }
        }
    }

    fn finish(mut self, text: &str) -> Result<Index, CatalogueError> {
        self.close();
        let name = |service: &ServiceEntry| slice(text, service.name);
        sort_by(&mut self.index.services, |a, b| {
            folded(self.cloud, name(a)).cmp(folded(self.cloud, name(b)))
        });
        let twice =
            self.index.services.array_windows().find(|[a, b]| Rest::of(name(a)).equals(self.cloud, name(b)));
        match twice {
            Some([service, _]) => Err(CatalogueError::Twice(name(service).to_owned())),
            None => Ok(self.index),
        }
    }
}

/// A noun in its two parts, with their places, and the type that it is called after.
#[derive(Clone, Copy)]
struct Noun<'t> {
    head: (usize, &'t str),
    tail: (usize, &'t str),
    own: u16,
}

/// Whether a text can stand for what the verbs of a group have in common.
fn is_signature(text: &str) -> bool {
    let rest = text.strip_prefix(|letter| Access::of_letter(letter).is_some()).unwrap_or(text);
    let rest = rest.strip_prefix(['d', 'b']).unwrap_or(rest);
    rest.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b',' | b'?' | b'~' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{Catalogue, Permission, Plane, Planes};

    fn parsed(cloud: &str, body: &str) -> Result<Catalogue, CatalogueError> {
        let sha256 = "0".repeat(64);
        let header = format!(
            "deputize-catalogue 1\ncloud {cloud}\ndate 2026-11-01\nextent core\nsource a test\nsha256 {sha256}\n\n"
        );
        Catalogue::parse(header + body)
    }

    #[test]
    fn names_of_google_cloud_are_exact_and_those_of_azure_are_not() {
        let gcp = parsed("gcp", "@storage\nobjects\tL:list\tR:get\n@a.example.com\nbs\tR:get\n").unwrap();
        assert_eq!(gcp.find("storage.objects.get").unwrap().access(), Access::Read);
        assert!(gcp.find("storage.objects.Get").is_none());
        assert_eq!(gcp.find("a.example.com/bs.get").unwrap().name(), "a.example.com/bs.get");
        assert_eq!(gcp.matching("storage.objects.*").count(), 0);
        assert_eq!(
            gcp.nearest("storage.object.get").map(|near| near.name).as_deref(),
            Some("storage.objects.get")
        );

        let azure =
            parsed("azure", "@Microsoft.Web\n\tW:register/action\nsites\tR:read\tRd:peek/action\n").unwrap();
        assert_eq!(azure.find("microsoft.web/SITES/Read").unwrap().name(), "Microsoft.Web/sites/read");
        assert_eq!(azure.find("Microsoft.Web/register/action").unwrap().access(), Access::Write);
        assert_eq!(azure.find("Microsoft.Web/sites/peek/action").unwrap().planes(), Planes::One(Plane::Data));
        assert_eq!(azure.matching("*/action").count(), 2);
        assert_eq!(azure.matching("microsoft.web/*/read").count(), 1);
    }

    #[test]
    fn lines_and_columns_say_the_same() {
        let lines = "@s3\n#:prefix\n=0\n.Old\t\tarn:x\n.bucket\t1\t:s3:::${BucketName}\n\
                     Bucket\tW1:Create,Delete\n+s\tL1=1:List\n+Policy\tP0?,1:Put\tR1:Get\n\tW:Go\n";
        let columns = "@s3\n.Old\nBuckets<!\n+Policy\n\n\u{c}:prefix\n\n\u{c}\tarn:x\n1\t:s3:::${~Name}\n\u{c}0\n\n\u{c}\
                       Create,Delete\nList\nPut\tGet\nGo\n\u{c}~\n~=1\nP0?,~\n~\n\n";
        let said = |body| {
            let catalogue = parsed("aws", body).unwrap();
            let one = |permission: Permission<'_>| {
                let types = permission.resource_types();
                let types = types.map(|kind| (kind.name(), kind.required(), kind.arn_formats().collect()));
                let types: Vec<(_, _, Vec<_>)> = types.collect();
                let keys: Vec<_> = permission.condition_keys().map(|key| key.name()).collect();
                format!("{} {} {types:?} {keys:?}", permission.name(), permission.access())
            };
            catalogue.matching("*").map(one).collect::<Vec<_>>()
        };
        assert_eq!(said(columns), said(lines));
        assert!(
            said(lines).contains(
                &"s3:PutBucketPolicy Permissions management [(\"Old\", false, [\"arn:x\"]), \
              (\"bucket\", true, [\"arn:${Partition}:s3:::${BucketName}\"])] [\"s3:prefix\"]"
                    .to_owned()
            )
        );
    }

    #[test]
    fn a_text_that_is_not_in_the_format_is_refused_with_its_line() {
        for (body, line) in [
            ("objects\tR:get\n", 8),
            ("@storage\nobjects\n", 9),
            ("@storage\nobjects\tX:get\n", 9),
            ("@storage\nobjects\tR:get\n\n", 10),
            ("@storage\nobjects\tR:get,\n", 9),
            ("@\n", 8),
            ("@a\nb<\n\u{c}\u{c}\u{c}\u{c}Get\n\u{c}\n", 9),
            ("@a\nb!\n\u{c}\u{c}\u{c}\u{c}Get\nList\n\u{c}\n\n", 9),
            ("@a\nb\n\u{c}:k\n\n\n\u{c}\u{c}\u{c}Get\n\u{c}\n", 10),
            ("@a\nb\n\u{c}\u{c}\u{c}\u{c}Get\tPut\n\u{c}\n", 9),
            ("@a\nb\n\u{c}\u{c}\u{c}\u{c}Get\n\u{c}\n\n", 10),
        ] {
            assert_eq!(parsed("gcp", body).unwrap_err(), CatalogueError::Line { line }, "{body:?}");
        }
        assert_eq!(parsed("gcp", "@a\n@a\n").unwrap_err(), CatalogueError::Twice("a".into()));
        assert_eq!(Catalogue::parse("").unwrap_err(), CatalogueError::Header(HeaderError::Format));
        assert_eq!(parsed("moon", "").unwrap_err(), CatalogueError::Header(HeaderError::Lacks("cloud")));
    }

    #[test]
    fn a_catalogue_without_permissions_is_empty() {
        assert!(parsed("gcp", "").unwrap().is_empty());
    }
}
