//! How the clouds write the names of permissions.

use crate::Cloud;

/// The service of a permission's name, and the rest.
///
/// Services of partners of Google Cloud are hosts, which end at the slash.
pub(super) fn split(cloud: Cloud, permission: &str) -> Option<(&str, &str)> {
    permission.split_once(match cloud {
        Cloud::Aws => ':',
        Cloud::Gcp if permission.contains('/') => '/',
        Cloud::Gcp => '.',
        Cloud::Azure => '/',
    })
}

/// What stands between a service and the rest.
pub(super) fn separator(cloud: Cloud, service: &str) -> &'static str {
    match cloud {
        Cloud::Aws => ":",
        Cloud::Gcp if service.contains('.') => "/",
        Cloud::Gcp => ".",
        Cloud::Azure => "/",
    }
}

/// The noun and the verb of what comes after the service: the parts by which permissions are grouped. Verbs of AWS
/// come first and end before the second capital letter; on Azure, `start/action` is one verb.
pub(super) fn noun_and_verb(cloud: Cloud, rest: &str) -> (&str, &str) {
    match cloud {
        Cloud::Aws => {
            let second = rest.char_indices().skip(1).find(|(_, c)| c.is_ascii_uppercase());
            let (verb, noun) = second.and_then(|(at, _)| rest.split_at_checked(at)).unwrap_or((rest, ""));
            (noun, verb)
        }
        Cloud::Gcp => rest.rsplit_once('.').unwrap_or(("", rest)),
        Cloud::Azure => {
            let Some((before, last)) = rest.rsplit_once('/') else { return ("", rest) };
            if !last.eq_ignore_ascii_case("action") {
                return (before, last);
            }
            match before.rfind('/').and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?))) {
                Some(parts) => parts,
                None => ("", rest),
            }
        }
    }
}

/// Service, separator, and up to four parts of the rest.
const PARTS: usize = 6;

/// A noun as a catalogue's text has it: the noun that it begins with, or nothing, and how it goes on.
pub(super) type Noun<'a> = [&'a str; 2];

/// A name, or what comes after its service, of the parts that a catalogue's text keeps apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rest<'a> {
    parts: [&'a str; PARTS],
}

impl<'a> Rest<'a> {
    pub(super) fn new(cloud: Cloud, [head, tail]: Noun<'a>, verb: &'a str) -> Self {
        let [a, b, c, d] = match cloud {
            Cloud::Aws => [verb, "", head, tail],
            _ if head.is_empty() && tail.is_empty() => [verb, "", "", ""],
            Cloud::Gcp => [head, tail, ".", verb],
            Cloud::Azure => [head, tail, "/", verb],
        };
        Self { parts: ["", "", a, b, c, d] }
    }

    pub(super) fn of(text: &'a str) -> Self {
        Self { parts: [text, "", "", "", "", ""] }
    }

    /// The whole name.
    pub(super) fn after(self, service: &'a str, separator: &'a str) -> Self {
        let [_, _, a, b, c, d] = self.parts;
        Self { parts: [service, separator, a, b, c, d] }
    }

    pub(super) fn parts(self) -> [&'a str; PARTS] {
        self.parts
    }

    pub(super) fn len(self) -> usize {
        self.parts.iter().map(|part| part.len()).sum()
    }

    /// The byte at a place.
    pub(super) fn at(self, mut place: usize) -> Option<u8> {
        for part in self.parts {
            if let Some(byte) = part.as_bytes().get(place) {
                return Some(*byte);
            }
            place -= part.len();
        }
        None
    }

    pub(super) fn equals(self, cloud: Cloud, other: &str) -> bool {
        let mut other = other.as_bytes();
        for part in self.parts {
            let Some((head, tail)) = other.split_at_checked(part.len()) else { return false };
            let same = match cloud {
                Cloud::Gcp => head == part.as_bytes(),
                Cloud::Aws | Cloud::Azure => head.eq_ignore_ascii_case(part.as_bytes()),
            };
            if !same {
                return false;
            }
            other = tail;
        }
        other.is_empty()
    }
}

/// A byte as it is compared: Google Cloud alone tells upper from lower case.
pub(super) fn fold(cloud: Cloud, byte: u8) -> u8 {
    if cloud == Cloud::Gcp { byte } else { byte.to_ascii_lowercase() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_apart_and_put_together_again() {
        for (cloud, rest, noun, verb) in [
            (Cloud::Aws, "PutObject", "Object", "Put"),
            (Cloud::Aws, "Link", "", "Link"),
            (Cloud::Aws, "ListDBInstances", "DBInstances", "List"),
            (Cloud::Aws, "invokeX", "X", "invoke"),
            (Cloud::Gcp, "metricsScopes.link.create", "metricsScopes.link", "create"),
            (Cloud::Azure, "virtualMachines/read", "virtualMachines", "read"),
            (Cloud::Azure, "virtualMachines/start/Action", "virtualMachines", "start/Action"),
            (Cloud::Azure, "register/action", "", "register/action"),
            (Cloud::Azure, "a/models/:cancel/action", "a/models", ":cancel/action"),
        ] {
            assert_eq!(noun_and_verb(cloud, rest), (noun, verb), "{rest}");
            assert_eq!(Rest::new(cloud, ["", noun], verb).parts().concat(), rest);
        }
    }

    #[test]
    fn a_byte_is_found_in_whichever_part_it_lies() {
        let rest = Rest::new(Cloud::Gcp, ["a", "b"], "cd");
        let bytes: Vec<u8> = (0..).map_while(|place| rest.at(place)).collect();
        assert_eq!(bytes, b"ab.cd");
    }
}
