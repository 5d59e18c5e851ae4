//! The lines before a catalogue's body.

use std::fmt::Write as _;

use crate::Cloud;

/// The format that this code reads and writes.
pub(super) const FORMAT: &str = "deputize-catalogue 1";

/// How much of its cloud a catalogue means to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// Everything that the cloud published at its date.
    Whole,
    /// The services that are used most: that a permission is not among them says nothing about it.
    Core,
}

/// Where a catalogue is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The cloud whose permissions these are.
    pub cloud: Cloud,
    /// The day that it tells of, as `2026-09-26`.
    pub date: String,
    /// How much of the cloud it means to have.
    pub extent: Extent,
    /// Who published it, and how it came here.
    pub source: String,
    /// The licence that it is under, where others have rights in it.
    pub licence: Option<String>,
    /// The SHA-256 of the body, in lowercase hexadecimal digits.
    pub sha256: String,
}

impl Header {
    /// Reads the lines up to the first empty one.
    pub(super) fn read<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Self, HeaderError> {
        let mut lines = lines.take_while(|line| !line.is_empty());
        if lines.next() != Some(FORMAT) {
            return Err(HeaderError::Format);
        }
        let (mut cloud, mut date, mut extent) = (None, None, None);
        let (mut source, mut licence, mut sha256) = (None, None, None);
        for line in lines {
            let (name, value) = line.split_once(' ').unwrap_or((line, ""));
            let place = match name {
                "cloud" => &mut cloud,
                "date" => &mut date,
                "extent" => &mut extent,
                "source" => &mut source,
                "licence" => &mut licence,
                "sha256" => &mut sha256,
                // A later version may say more; what it must not leave unsaid is below.
                _ => continue,
            };
            *place = Some(value.to_owned());
        }
        let cloud = cloud.and_then(|cloud| cloud.parse().ok()).ok_or(HeaderError::Lacks("cloud"))?;
        Ok(Self {
            cloud,
            date: date.filter(|date| is_date(date)).ok_or(HeaderError::Lacks("date"))?,
            extent: match extent.as_deref() {
                Some("whole") => Extent::Whole,
                Some("core") => Extent::Core,
                _ => return Err(HeaderError::Lacks("extent")),
            },
            source: source.ok_or(HeaderError::Lacks("source"))?,
            licence,
            sha256: sha256.filter(|hash| is_sha256(hash)).ok_or(HeaderError::Lacks("sha256"))?,
        })
    }

    pub(super) fn text(&self) -> String {
        let Self { cloud, date, extent, source, licence, sha256 } = self;
        let extent = match extent {
            Extent::Whole => "whole",
            Extent::Core => "core",
        };
        let mut text = format!("{FORMAT}\ncloud {cloud}\ndate {date}\nextent {extent}\nsource {source}\n");
        if let Some(licence) = licence {
            // Writing to a string does not fail.
            let _ = writeln!(text, "licence {licence}");
        }
        let _ = write!(text, "sha256 {sha256}\n\n");
        text
    }
}

/// Why the lines before the body are not a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HeaderError {
    /// The first line is another.
    #[error("the first line is not {FORMAT:?}")]
    Format,
    /// A line is missing, or does not say what it should.
    #[error("the header has no proper {0}")]
    Lacks(&'static str),
}

pub(super) fn is_date(text: &str) -> bool {
    let shape =
        |(at, byte): (usize, u8)| if at == 4 || at == 7 { byte == b'-' } else { byte.is_ascii_digit() };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}

pub(super) fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
