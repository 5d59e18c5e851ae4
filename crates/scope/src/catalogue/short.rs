//! Condition keys and ARN formats in short: without what their service and type tell.

/// A condition key in full: `:prefix` of `s3` is `s3:prefix`.
pub(super) fn key(service: &str, written: &str) -> String {
    if written.starts_with(':') { format!("{service}{written}") } else { written.to_owned() }
}

/// A condition key in short.
pub(super) fn of_key<'a>(service: &str, key: &'a str) -> &'a str {
    key.strip_prefix(service).filter(|rest| rest.starts_with(':')).unwrap_or(key)
}

/// An ARN format in full. One that does not begin with `arn:` is
///
/// - after a colon, what follows on the partition: `:s3:::${BucketName}`;
/// - after a slash, what follows on the type's name: `/${TopicName}`;
/// - else the resource, of any region and account: `topic/${TopicName}`.
pub(super) fn arn(service: &str, kind: &str, written: &str) -> String {
    const PARTITION: &str = "arn:${Partition}";
    const PLACE: &str = "${Region}:${Account}";
    match written.as_bytes().first() {
        _ if written.starts_with("arn:") => written.to_owned(),
        Some(b':') => format!("{PARTITION}{written}"),
        Some(b'/') => format!("{PARTITION}:{service}:{PLACE}:{kind}{written}"),
        _ => format!("{PARTITION}:{service}:{PLACE}:{written}"),
    }
}

/// An ARN format in short: the shortest text that is it in full.
pub(super) fn of_arn<'a>(service: &str, kind: &str, format: &'a str) -> &'a str {
    let shorter = format.char_indices().rev().filter_map(|(at, _)| format.get(at..));
    let mut shorter = shorter.filter(|text| !text.is_empty() && arn(service, kind, text) == format);
    shorter.next().unwrap_or(format)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_shortened_is_the_same_in_full() {
        for (format, short) in [
            ("arn:${Partition}:sns:${Region}:${Account}:topic/${Name}", "/${Name}"),
            ("arn:${Partition}:sns:${Region}:${Account}:${Name}", "${Name}"),
            ("arn:${Partition}:sns:${Region}:${Account}:/a", ":sns:${Region}:${Account}:/a"),
            ("arn:${Partition}:sns:${Region}::/topic", ":sns:${Region}::/topic"),
            ("arn:${Partition}:iam::${Account}:role/${Role}", ":iam::${Account}:role/${Role}"),
            ("arn:aws:sns:::topic", "arn:aws:sns:::topic"),
        ] {
            assert_eq!(of_arn("sns", "topic", format), short);
            assert_eq!(arn("sns", "topic", short), format);
        }
        for (written, short) in
            [("sns:Protocol", ":Protocol"), ("snsx:Protocol", "snsx:Protocol"), ("aws:a", "aws:a")]
        {
            assert_eq!(of_key("sns", written), short);
            assert_eq!(key("sns", short), written);
        }
    }
}
