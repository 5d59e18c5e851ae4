//! AWS regions, and the services whose calls go to one fixed region whatever region a caller works in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::sorted::SortedSet;
use crate::text::text_type;

pub use super::global::is_global;

/// The name of an AWS region, as in `aws:RequestedRegion`: `us-east-1`, `us-gov-west-1`, `eusc-de-east-1`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Region(String);

impl Region {
    /// The region's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        let words: Vec<&str> = text.split('-').collect();
        let letters = |word: &str| !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase());
        match words.as_slice() {
            [area, place @ .., number]
                if letters(area)
                    && (2..=4).contains(&area.len())
                    && !place.is_empty()
                    && place.iter().all(|word| letters(word))
                    && matches!(number.as_bytes(), [b'0'..=b'9']) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(RegionError),
        }
    }
}

text_type!(Region, "^[a-z]{2,4}(-[a-z]+)+-[0-9]$");

/// The text is not the name of a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an AWS region such as us-east-1")]
pub struct RegionError;

/// The regions in which calls may be made. Calls to global services ignore it (see [`is_global`]).
///
/// Serialised as a list of names, or as `"*"`.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(with = "Written"))]
pub enum Regions {
    /// Every region, also those that do not exist yet.
    #[default]
    All,
    /// These regions only.
    Only(SortedSet<Region>),
}

impl Regions {
    /// Whether calls may be made in the region of this name.
    pub fn contains(&self, region: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(regions) => regions.iter().any(|one| one.as_str() == region),
        }
    }

    /// The regions that are in either.
    pub(super) fn union(&self, other: &Self) -> Self {
        match (self, other) {
            (Self::Only(one), Self::Only(two)) => Self::Only(one.iter().chain(two.iter()).cloned().collect()),
            _ => Self::All,
        }
    }

    /// The regions that are named.
    pub(crate) fn named(&self) -> impl Iterator<Item = &Region> {
        match self {
            Self::All => None,
            Self::Only(regions) => Some(regions.iter()),
        }
        .into_iter()
        .flatten()
    }

    /// Whether there is no region at all.
    pub(super) fn is_empty(&self) -> bool {
        matches!(self, Self::Only(regions) if regions.is_empty())
    }
}

impl FromIterator<Region> for Regions {
    fn from_iter<I: IntoIterator<Item = Region>>(regions: I) -> Self {
        Self::Only(regions.into_iter().collect())
    }
}

impl fmt::Display for Regions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("every region"),
            Self::Only(regions) => {
                let names: Vec<&str> = regions.iter().map(Region::as_str).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// How [`Regions`] stands in a document.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
enum Written {
    Every(String),
    #[cfg_attr(feature = "schema", schemars(with = "std::collections::BTreeSet<Region>"))]
    Only(Vec<Region>),
}

impl TryFrom<Written> for Regions {
    type Error = RegionError;

    fn try_from(written: Written) -> Result<Self, RegionError> {
        match written {
            Written::Every(star) if star == "*" => Ok(Self::All),
            Written::Every(_) => Err(RegionError),
            Written::Only(regions) => Ok(regions.into_iter().collect()),
        }
    }
}

impl From<Regions> for Written {
    fn from(regions: Regions) -> Self {
        match regions {
            Regions::All => Self::Every("*".to_owned()),
            Regions::Only(regions) => Self::Only(regions.into_iter().collect()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_regions_are_read() {
        for name in ["us-east-1", "ap-southeast-7", "us-gov-west-1", "us-isob-east-1", "eusc-de-east-1"] {
            assert_eq!(name.parse::<Region>().unwrap().as_str(), name);
        }
        for name in
            ["", "us", "us-east", "us-east-10", "US-east-1", "us--1", "us-east-1a", "us-*-1", "u-east-1"]
        {
            assert_eq!(name.parse::<Region>(), Err(RegionError), "{name}");
        }
    }

    #[test]
    fn regions_are_a_list_or_a_star_in_json() {
        let only: Regions = serde_json::from_str(r#"["us-west-2","us-east-1"]"#).unwrap();
        assert_eq!(serde_json::to_string(&only).unwrap(), r#"["us-east-1","us-west-2"]"#);
        assert_eq!(serde_json::from_str::<Regions>(r#""*""#).unwrap(), Regions::All);
        assert_eq!(serde_json::to_string(&Regions::All).unwrap(), r#""*""#);
        assert!(serde_json::from_str::<Regions>(r#""us-east-1""#).is_err());
        assert!(serde_json::from_str::<Regions>(r#"["nowhere"]"#).is_err());
    }
}
