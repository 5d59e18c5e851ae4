//! Who the broker is, from a file that something else keeps fresh: Kubernetes does, and CI systems.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use deputize_broker::ports::identity::{IdentityError, IdentityToken, IdentityTokens};
use deputize_broker::{Clock, Secret};
use jiff::Timestamp;
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

/// More than any token has that fits into a header.
const LONGEST: u64 = 64 * 1_024;

/// Identity tokens from a file, read anew each time: whoever keeps it replaces it before its token ends.
pub struct TokenFile {
    path: PathBuf,
    clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for TokenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Why the file holds no token to use.
#[derive(Debug, Error)]
pub enum TokenFileError {
    /// It is not there, or not to be read.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// What is in it is no signed JWT.
    #[error("{} holds no signed JWT", .0.display())]
    NotAToken(PathBuf),
    /// The token does not say when it ends.
    #[error("the token in {} does not say when it ends", .0.display())]
    Endless(PathBuf),
    /// The token has ended: what should replace it does not.
    #[error("the token in {} ended at {ended_at}", path.display())]
    Ended {
        /// The file.
        path: PathBuf,
        /// When it ended.
        ended_at: Timestamp,
    },
    /// The token is for somebody else.
    #[error("the token in {} is for {}, not for {wanted}", path.display(), found.join(", "))]
    Audience {
        /// The file.
        path: PathBuf,
        /// Whom it is for.
        found: Vec<String>,
        /// Whom it should be for.
        wanted: String,
    },
}

impl TokenFile {
    /// A file at this path. Whether it is there shows when a token is asked for.
    pub fn new(path: PathBuf, clock: Arc<dyn Clock>) -> Self {
        Self { path, clock }
    }

    /// The token that is in the file now.
    pub fn read(&self, audience: &str) -> Result<IdentityToken, TokenFileError> {
        let text = self.text()?;
        let text = text.trim();
        let claims = claims(text).ok_or_else(|| TokenFileError::NotAToken(self.path.clone()))?;
        let expires_at = claims.expires_at().ok_or_else(|| TokenFileError::Endless(self.path.clone()))?;
        if expires_at <= self.clock.now() {
            return Err(TokenFileError::Ended { path: self.path.clone(), ended_at: expires_at });
        }
        let found = claims.audiences();
        if !found.is_empty() && !found.iter().any(|one| one == audience) {
            return Err(TokenFileError::Audience {
                path: self.path.clone(),
                found,
                wanted: audience.to_owned(),
            });
        }
        Ok(IdentityToken { token: Secret::new(text.to_owned()), expires_at })
    }

    fn text(&self) -> Result<Zeroizing<String>, TokenFileError> {
        let mut text = Zeroizing::new(String::new());
        let file = File::open(&self.path).and_then(|file| file.take(LONGEST).read_to_string(&mut text));
        match file {
            Ok(_) => Ok(text),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => {
                Err(TokenFileError::NotAToken(self.path.clone()))
            }
            Err(source) => Err(TokenFileError::Unreadable { path: self.path.clone(), source }),
        }
    }
}

#[async_trait]
impl IdentityTokens for TokenFile {
    // A short file, as a rule in memory: reading it takes less time than handing it to another thread.
    async fn token(&self, audience: &str) -> Result<IdentityToken, IdentityError> {
        self.read(audience).map_err(|error| match error.code() {
            Some(code) => IdentityError::Refused { code: code.to_owned(), source: Box::new(error) },
            None => IdentityError::Unavailable(Box::new(error)),
        })
    }
}

impl TokenFileError {
    /// The code of what does not pass by itself.
    fn code(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable { .. } => Some("token_file_unreadable"),
            Self::NotAToken(_) => Some("token_file_holds_no_token"),
            Self::Endless(_) => Some("token_file_token_without_end"),
            Self::Audience { .. } => Some("token_file_for_another_audience"),
            Self::Ended { .. } => None,
        }
    }
}

/// What of a token is looked at. Whether it is genuine, its audience finds out.
#[derive(Deserialize)]
struct Claims {
    exp: Option<serde_json::Number>,
    aud: Option<Audiences>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Audiences {
    One(String),
    Several(Vec<String>),
}

impl Claims {
    fn expires_at(&self) -> Option<Timestamp> {
        // Seconds, which may have a fraction: RFC 7519, NumericDate.
        let exp = self.exp.as_ref()?;
        let seconds = exp.as_i64().or_else(|| exp.as_f64().map(|seconds| seconds.floor() as i64))?;
        Timestamp::from_second(seconds).ok()
    }

    fn audiences(&self) -> Vec<String> {
        match &self.aud {
            Some(Audiences::One(one)) => vec![one.clone()],
            Some(Audiences::Several(several)) => several.clone(),
            None => Vec::new(),
        }
    }
}

/// The claims of a compact JWS: three parts in base64url.
fn claims(token: &str) -> Option<Claims> {
    let [header, payload, signature] = token.split('.').collect::<Vec<_>>().try_into().ok()?;
    let decoded = |part: &str| BASE64_URL_SAFE_NO_PAD.decode(part).ok().filter(|bytes| !bytes.is_empty());
    decoded(header)?;
    decoded(signature)?;
    serde_json::from_slice(&decoded(payload)?).ok()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    struct Noon;

    impl Clock for Noon {
        fn now(&self) -> Timestamp {
            Timestamp::from_second(1_795_435_200).unwrap()
        }

        fn monotonic(&self) -> Duration {
            Duration::ZERO
        }
    }

    fn token(claims: &str) -> String {
        let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
        format!("{}.{}.{}", part(r#"{"alg":"RS256"}"#), part(claims), part("canary"))
    }

    fn file(content: impl AsRef<[u8]>) -> (tempfile::TempDir, TokenFile) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("token");
        fs::write(&path, content).unwrap();
        (directory, TokenFile::new(path, Arc::new(Noon)))
    }

    #[tokio::test]
    async fn the_file_is_read_anew_each_time() {
        let (directory, tokens) = file(token(r#"{"exp":1795438800,"aud":["https://a","https://b"]}"#) + "\n");
        let first = tokens.token("https://b").await.unwrap();
        assert_eq!(first.expires_at.to_string(), "2026-11-23T13:00:00Z");
        assert!(first.token.reveal().ends_with(&BASE64_URL_SAFE_NO_PAD.encode("canary")));
        fs::write(directory.path().join("token"), token(r#"{"exp":1795442400.5,"aud":"https://b"}"#))
            .unwrap();
        let second = tokens.token("https://b").await.unwrap();
        assert_eq!(second.expires_at.to_string(), "2026-11-23T14:00:00Z");
    }

    #[tokio::test]
    async fn what_is_no_token_is_told_without_a_word_of_it() {
        let unsigned = token("{}").rsplit_once('.').unwrap().0.to_owned();
        for (content, code) in [
            ("canary".to_owned(), "token_file_holds_no_token"),
            (String::new(), "token_file_holds_no_token"),
            ("a.b.c".to_owned(), "token_file_holds_no_token"),
            (unsigned.clone(), "token_file_holds_no_token"),
            (unsigned + ".", "token_file_holds_no_token"),
            (token("canary"), "token_file_holds_no_token"),
            (token(r#"{"aud":"https://a"}"#), "token_file_token_without_end"),
            (token(r#"{"exp":1795438800,"aud":"https://b"}"#), "token_file_for_another_audience"),
        ] {
            let error = file(content).1.token("https://a").await.unwrap_err();
            let IdentityError::Refused { code: told, .. } = &error else { panic!("{error:?}") };
            assert_eq!(told, code);
            assert!(!format!("{error:?} {error}").contains("canary"));
        }
        let error = file([0xff, 0xfe]).1.token("https://a").await.unwrap_err();
        assert!(matches!(error, IdentityError::Refused { .. }), "{error:?}");
    }

    #[tokio::test]
    async fn a_token_that_has_ended_may_be_replaced_any_moment() {
        for exp in [1_795_435_199, 1_795_435_200] {
            let error = file(token(&format!(r#"{{"exp":{exp}}}"#))).1.token("https://a").await.unwrap_err();
            assert!(matches!(error, IdentityError::Unavailable(_)), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_named() {
        let tokens = TokenFile::new("/nowhere/token".into(), Arc::new(Noon));
        let error = tokens.read("https://a").unwrap_err();
        assert_eq!(error.to_string(), "/nowhere/token cannot be read");
        let error = tokens.token("https://a").await.unwrap_err();
        assert_eq!(error.to_string(), "no identity token is issued: token_file_unreadable");
    }
}
