//! What every type that is a checked text has in common: its display and its serialised form. And wildcards in
//! plain texts.

/// Gives a type with `as_str` and `FromStr` its `Display`, `TryFrom<String>`, serde form (a string) and, with
/// the feature `schema`, its JSON Schema: a string of the given pattern.
macro_rules! text_type {
    ($name:ident, $pattern:expr) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl TryFrom<String> for $name {
            type Error = <$name as std::str::FromStr>::Err;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                text.parse()
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <String as serde::Deserialize>::deserialize(deserializer)?
                    .parse()
                    .map_err(serde::de::Error::custom)
            }
        }

        #[cfg(feature = "schema")]
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    };
}

pub(crate) use text_type;

/// Whether a pattern of `*` and `?` matches, by going back to the last star only: never more steps than the
/// product of the lengths.
pub(crate) fn matches_wildcards(pattern: &str, text: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    // In a text of ASCII each byte is a character, and what else the pattern has occurs nowhere in it.
    if text.is_ascii() {
        return matches(pattern.as_bytes(), text.as_bytes(), (b'*', b'?'));
    }
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    matches(&pattern, &text, ('*', '?'))
}

fn matches<T: Copy + PartialEq>(pattern: &[T], text: &[T], (run, any): (T, T)) -> bool {
    let (mut at, mut read) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while let Some(symbol) = text.get(read) {
        match pattern.get(at) {
            Some(one) if *one == run => {
                star = Some((at, read));
                at += 1;
            }
            Some(one) if *one == any || one == symbol => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((star_at, star_read)) = star else { return false };
                star = Some((star_at, star_read + 1));
                at = star_at + 1;
                read = star_read + 1;
            }
        }
    }
    pattern.iter().skip(at).all(|rest| *rest == run)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_as_its_wildcards_say() {
        for (pattern, text, expected) in [
            ("", "", true),
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbcd", false),
            ("*a?b*", "xaabb", true),
            ("*a?b*", "xab", false),
            ("?", "", false),
            ("a", "ab", false),
            ("?", "é", true),
            ("é*", "éa", true),
            ("é", "e", false),
        ] {
            assert_eq!(matches_wildcards(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
