//! A place that answers as it is told, and remembers what it was asked: for what a cloud does when it is unwell.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::any;
use futures_util::stream;
use tokio::net::TcpListener;

/// What a stub answers.
#[derive(Clone, Debug)]
pub enum Canned {
    /// An answer: status, content type, further headers, body.
    Answer(u16, &'static str, Vec<(&'static str, String)>, Vec<u8>),
    /// An answer of JSON that breaks off.
    BrokenOff,
    /// No answer at all.
    Silence,
}

impl Canned {
    /// An answer of JSON.
    pub fn json(status: u16, body: impl Into<String>) -> Self {
        Self::Answer(status, "application/json; charset=utf-8", Vec::new(), body.into().into_bytes())
    }

    /// The same answer with another header.
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        if let Self::Answer(_, _, headers, _) = &mut self {
            headers.push((name, value.into()));
        }
        self
    }
}

/// What a stub was asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// `POST /v1/token?a=b`.
    pub line: String,
    /// The headers, by their names in lowercase.
    pub headers: BTreeMap<String, String>,
    /// The body.
    pub body: String,
}

/// The stub.
#[derive(Clone, Debug)]
pub struct Stub {
    /// Where it is, without a slash at the end.
    pub url: String,
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    answers: Vec<(&'static str, Vec<Canned>)>,
    asked: Vec<Asked>,
}

impl Stub {
    /// A stub on a free port of this machine. It answers 404 to all that it was told nothing of.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let script = Arc::<Mutex<Script>>::default();
        let router = Router::new().fallback(any(answer)).with_state(Arc::clone(&script));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { url, script })
    }

    /// What it answers to requests with this in their line: one after the other, the last for ever.
    pub fn answers(&self, part: &'static str, answers: impl IntoIterator<Item = Canned>) {
        let mut script = lock(&self.script);
        script.answers.retain(|(other, _)| *other != part);
        script.answers.push((part, answers.into_iter().collect()));
    }

    /// What it was asked so far, with this in the line.
    pub fn asked(&self, part: &str) -> Vec<Asked> {
        lock(&self.script).asked.iter().filter(|asked| asked.line.contains(part)).cloned().collect()
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let line = format!("{} {}", head.method, head.uri);
    let header = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
        (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    let asked = Asked {
        line: line.clone(),
        headers: head.headers.iter().map(header).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    };
    let answer = next(&mut lock(&script), asked);
    match answer {
        Canned::Answer(status, media, headers, body) => {
            let response = Response::builder().status(status).header("content-type", media);
            let response = headers.into_iter().fold(response, |all, (name, value)| all.header(name, value));
            response.body(Body::from(body)).unwrap_or_default()
        }
        Canned::BrokenOff => {
            let begins = Ok(Bytes::from_static(b"{\"access_token\":\"canary"));
            let pieces = [begins, Err(io::Error::other("broken off"))];
            let response = Response::builder().header("content-type", "application/json");
            response.body(Body::from_stream(stream::iter(pieces))).unwrap_or_default()
        }
        Canned::Silence => std::future::pending().await,
    }
}

fn next(script: &mut Script, asked: Asked) -> Canned {
    let found = script.answers.iter_mut().find(|(part, _)| asked.line.contains(part));
    let answer = match found {
        Some((_, answers)) if answers.len() > 1 => Some(answers.remove(0)),
        Some((_, answers)) => answers.first().cloned(),
        None => None,
    };
    script.asked.push(asked);
    answer.unwrap_or_else(|| Canned::json(404, "{}"))
}

fn lock(script: &Mutex<Script>) -> MutexGuard<'_, Script> {
    script.lock().unwrap_or_else(PoisonError::into_inner)
}
