//! Names, condition keys and ARN formats in short: without what their service and type tell.

/// The marks after a stem that say how a resource type's name is made of it, which is mostly a noun: `AgentSpace<`
/// is the type `agentspace`. In an ARN format, each stands for the stem so written.
pub(super) const MARKS: [char; 4] = ['~', '<', '|', '^'];

/// What stands after a noun in the plural, and after its mark, where there is the singular too.
pub(super) const BOTH: char = '!';

/// What stands for the type's name in an ARN format.
const NAME: char = '=';

/// A type of resources, as far as its ARN formats are made of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Type {
    pub(super) stem: String,
    pub(super) name: String,
}

impl Type {
    /// The type that a stem and its mark tell. None without a mark.
    pub(super) fn of_marked(written: &str) -> Option<Self> {
        let stem = written.strip_suffix(MARKS)?;
        Some(Self { stem: stem.to_owned(), name: styled(stem, written.chars().last()?)? })
    }

    /// A type that is written as it is called.
    pub(super) fn plain(name: &str) -> Self {
        Self { stem: name.to_owned(), name: name.to_owned() }
    }

    /// The mark by which a stem tells a type's name.
    pub(super) fn mark(stem: &str, name: &str) -> Option<char> {
        MARKS.into_iter().find(|mark| styled(stem, *mark).as_deref() == Some(name))
    }
}

/// A stem in a style: as it is, in lower case, in words of lower case with hyphens, and with a small letter first.
fn styled(stem: &str, mark: char) -> Option<String> {
    match mark {
        '~' => Some(stem.to_owned()),
        '<' => Some(stem.to_ascii_lowercase()),
        '|' => {
            let mut words = String::new();
            let mut ends_word = false;
            for letter in stem.chars() {
                if ends_word && letter.is_ascii_uppercase() {
                    words.push('-');
                }
                words.push(letter.to_ascii_lowercase());
                ends_word = letter.is_ascii_lowercase() || letter.is_ascii_digit();
            }
            Some(words)
        }
        '^' => {
            let (first, rest) = stem.split_at_checked(1)?;
            Some(first.to_ascii_lowercase() + rest)
        }
        _ => None,
    }
}

/// Whether an ARN format holds nothing that would be taken for a mark.
pub(super) fn is_plain(format: &str) -> bool {
    !format.contains(MARKS) && !format.contains(NAME)
}

/// A condition key in full: `:prefix` of `s3` is `s3:prefix`.
pub(super) fn key(service: &str, written: &str) -> String {
    if written.starts_with(':') { format!("{service}{written}") } else { written.to_owned() }
}

/// A condition key in short.
pub(super) fn of_key<'a>(service: &str, key: &'a str) -> &'a str {
    key.strip_prefix(service).filter(|rest| rest.starts_with(':')).unwrap_or(key)
}

/// An ARN format in full: with the stem and the name of its type in the place of their marks. One that does not
/// begin with `arn:` is
///
/// - after a colon, what follows on the partition: `:s3:::${BucketName}`;
/// - after a slash, what follows on the type's name: `/${TopicName}`;
/// - else the resource, of any region and account: `topic/${TopicName}`.
pub(super) fn arn(service: &str, kind: &Type, written: &str) -> String {
    const PARTITION: &str = "arn:${Partition}";
    const PLACE: &str = "${Region}:${Account}";
    let mut resource = String::new();
    for letter in written.chars() {
        match styled(&kind.stem, letter) {
            Some(stem) => resource.push_str(&stem),
            None if letter == NAME => resource.push_str(&kind.name),
            None => resource.push(letter),
        }
    }
    match written.as_bytes().first() {
        _ if written.starts_with("arn:") => resource,
        Some(b':') => format!("{PARTITION}{resource}"),
        Some(b'/') => format!("{PARTITION}:{service}:{PLACE}:{}{resource}", kind.name),
        _ => format!("{PARTITION}:{service}:{PLACE}:{resource}"),
    }
}

/// An ARN format in short: the shortest text that is it in full.
pub(super) fn of_arn(service: &str, kind: &Type, format: &str) -> String {
    let plain = Type { stem: String::new(), name: kind.name.clone() };
    let shorter = format.char_indices().rev().filter_map(|(at, _)| format.get(at..));
    let mut shorter = shorter.filter(|text| !text.is_empty() && arn(service, &plain, text) == format);
    let mut short = shorter.next().unwrap_or(format).to_owned();

    let styles = MARKS.into_iter().filter_map(|mark| Some((styled(&kind.stem, mark)?, mark)));
    let mut parts: Vec<(String, char)> = [(kind.name.clone(), NAME)].into_iter().chain(styles).collect();
    parts.sort_by_key(|(part, _)| std::cmp::Reverse(part.len()));
    for (part, mark) in parts.into_iter().filter(|(part, _)| part.len() > 1) {
        short = short.replace(&part, mark.encode_utf8(&mut [0; 4]));
    }
    // What a mark was put for is what it stands for, except where that leads the text.
    if arn(service, kind, &short) == format { short } else { format.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shortened_is_the_same_in_full() {
        let kind = Type { stem: "BigTopic".to_owned(), name: "big-topic".to_owned() };
        for (format, short) in [
            ("arn:${Partition}:sns:${Region}:${Account}:big-topic/${Name}", "/${Name}"),
            ("arn:${Partition}:sns:${Region}:${Account}:big-topic/${BigTopicId}", "/${~Id}"),
            ("arn:${Partition}:sns:${Region}:${Account}:a/${A}/bigtopic/${B}", "a/${A}/</${B}"),
            ("arn:${Partition}:sns:${Region}:${Account}:${Name}", "${Name}"),
            ("arn:${Partition}:sns:${Region}:${Account}:/a", ":sns:${Region}:${Account}:/a"),
            ("arn:${Partition}:sns:${Region}::/big-topic", ":sns:${Region}::/="),
            ("arn:${Partition}:iam::${Account}:bigTopic/${Role}", ":iam::${Account}:^/${Role}"),
            ("arn:aws:sns:::topic", "arn:aws:sns:::topic"),
        ] {
            assert_eq!(of_arn("sns", &kind, format), short);
            assert_eq!(arn("sns", &kind, short), format);
        }
        for (written, short) in
            [("sns:Protocol", ":Protocol"), ("snsx:Protocol", "snsx:Protocol"), ("aws:a", "aws:a")]
        {
            assert_eq!(of_key("sns", written), short);
            assert_eq!(key("sns", short), written);
        }
    }

    #[test]
    fn a_mark_tells_how_a_type_is_called() {
        for (written, name) in [
            ("AgentSpace~", "AgentSpace"),
            ("AgentSpace<", "agentspace"),
            ("AgentSpace^", "agentSpace"),
            ("V2AgentSpaceDB|", "v2-agent-space-db"),
        ] {
            let stem = written.strip_suffix(MARKS).unwrap();
            assert_eq!(Type::of_marked(written).map(|kind| kind.name).as_deref(), Some(name));
            assert_eq!(Type::mark(stem, name), written.chars().last());
        }
        assert_eq!(Type::of_marked("AgentSpace"), None);
        assert_eq!(Type::mark("AgentSpace", "AGENTSPACE"), None);
    }
}
