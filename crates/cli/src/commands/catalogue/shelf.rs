//! The catalogues at hand: those that were pulled into the state directory, else those that are built in.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use deputize_scope::Cloud;
use deputize_scope::catalogue::{Catalogue, Catalogues, built_in_text};
use sha2::{Digest as _, Sha256};

/// Where the catalogues of a state directory are.
#[derive(Debug)]
pub(crate) struct Shelf {
    folder: PathBuf,
}

/// A catalogue, and the file that it is from where it is not built in.
#[derive(Debug)]
pub(super) struct Shelved {
    pub(super) catalogue: Catalogue,
    pub(super) file: Option<PathBuf>,
}

impl Shelf {
    /// The shelf of a state directory, which need not exist.
    pub(crate) fn new(state: &Path) -> Self {
        Self { folder: state.join("catalogue") }
    }

    /// The catalogues of all clouds.
    pub(crate) fn catalogues(&self) -> anyhow::Result<Catalogues> {
        let mut catalogues = Catalogues::default();
        for cloud in Cloud::ALL.iter().copied() {
            catalogues.insert(self.load(cloud)?.catalogue);
        }
        Ok(catalogues)
    }

    /// The catalogue of one cloud. A pulled one that was damaged is told of, and passed over.
    pub(super) fn load(&self, cloud: Cloud) -> anyhow::Result<Shelved> {
        let file = self.file(cloud);
        match fs::read_to_string(&file) {
            Ok(text) => match intact(cloud, text) {
                Ok(catalogue) => return Ok(Shelved { catalogue, file: Some(file) }),
                Err(error) => {
                    eprintln!("warning: {} is not used: {error:#}; pull it again", file.display());
                }
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => eprintln!("warning: {} cannot be read: {error}", file.display()),
        }
        let catalogue =
            Catalogue::parse(built_in_text(cloud)).context("the built-in catalogue is damaged")?;
        Ok(Shelved { catalogue, file: None })
    }

    /// Where the pulled catalogues are, and the pages of those that are being pulled.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The file of a pulled catalogue.
    pub(super) fn file(&self, cloud: Cloud) -> PathBuf {
        self.folder.join(format!("{cloud}.txt"))
    }
}

/// A catalogue of this cloud whose hash fits.
fn intact(cloud: Cloud, text: String) -> anyhow::Result<Catalogue> {
    let catalogue = Catalogue::parse(text)?;
    anyhow::ensure!(catalogue.cloud() == cloud, "it is a catalogue of {}", catalogue.cloud());
    anyhow::ensure!(catalogue.header().sha256 == sha256(catalogue.body()), "its hash does not fit");
    Ok(catalogue)
}

/// The hash that a catalogue's header has.
pub(super) fn sha256(body: &str) -> String {
    hex::encode(Sha256::digest(body))
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn without_a_pull_the_built_in_catalogues_are_at_hand() {
        let state = TempDir::new().unwrap();
        let catalogues = Shelf::new(state.path()).catalogues().unwrap();
        for (cloud, permission) in [
            (Cloud::Aws, "s3:GetObject"),
            (Cloud::Gcp, "storage.objects.get"),
            (Cloud::Azure, "Microsoft.Web/sites/read"),
        ] {
            let catalogue = catalogues.of(cloud).unwrap();
            assert_eq!(catalogue.cloud(), cloud);
            assert_eq!(catalogue.header().sha256, sha256(catalogue.body()));
            assert!(catalogue.find(permission).is_some(), "{permission}");
        }
    }

    #[test]
    fn a_pulled_catalogue_goes_before_the_built_in_one_unless_it_was_damaged() {
        let state = TempDir::new().unwrap();
        let shelf = Shelf::new(state.path());
        fs::create_dir(shelf.folder()).unwrap();
        let file = shelf.file(Cloud::Gcp);
        let whole = format!(
            "deputize-catalogue 1\ncloud gcp\ndate 2026-11-01\nextent whole\nsource a test\nsha256 {}\n\n@a\nbs\tR:get\n",
            sha256("@a\nbs\tR:get\n")
        );
        fs::write(&file, &whole).unwrap();
        let shelved = shelf.load(Cloud::Gcp).unwrap();
        assert_eq!((shelved.catalogue.len(), shelved.file), (1, Some(file.clone())));
        for damaged in [
            whole.replace("bs\t", "cs\t"),
            whole.replace("gcp", "aws"),
            whole[..40].to_owned(),
            String::new(),
        ] {
            fs::write(&file, damaged).unwrap();
            let shelved = shelf.load(Cloud::Gcp).unwrap();
            assert!(shelved.file.is_none() && shelved.catalogue.is_core());
        }
    }
}
