//! Sandboxes that are being served, at a time that stands still until it is moved, and what asks them.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use deputize_sandbox::Key;
use jiff::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;

/// The time, shared by everything in one test.
#[derive(Clone)]
pub(crate) struct Hands(Arc<Mutex<Timestamp>>);

impl Hands {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-11-23T06:00:00Z".parse().unwrap())))
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    pub(crate) fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }

    pub(crate) fn clock(&self) -> Arc<dyn deputize_sandbox::Clock> {
        let hands = self.clone();
        Arc::new(move || hands.now())
    }
}

/// A place to be served at, and its address.
pub(crate) async fn place() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (listener, url)
}

pub(crate) fn serve(listener: TcpListener, router: Router) {
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
}

pub(crate) fn key() -> Key {
    Key::new([7; 32])
}

/// Bytes that never repeat, and that are the same in every run (splitmix64).
pub(crate) fn scrambled() -> Arc<dyn deputize_sandbox::Random> {
    let state = AtomicU64::new(0);
    Arc::new(move |bytes: &mut [u8]| {
        for chunk in bytes.chunks_mut(8) {
            let mut word = state.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(word ^ (word >> 31)).to_le_bytes()[..chunk.len()]);
        }
    })
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) text: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("{self:?}"))
    }

    /// A member that holds text.
    pub(crate) fn text_at(&self, pointer: &str) -> String {
        let json = self.json();
        json.pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("{pointer} in {json}"))
            .to_owned()
    }
}

pub(crate) async fn reply(request: reqwest::RequestBuilder) -> Reply {
    let response = request.send().await.unwrap();
    let headers = response.headers().iter();
    let headers =
        headers.map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned())).collect();
    Reply { status: response.status().as_u16(), headers, text: response.text().await.unwrap() }
}

pub(crate) async fn get(url: &str, token: Option<&str>) -> Reply {
    let request = reqwest::Client::new().get(url);
    reply(match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
    .await
}

pub(crate) async fn post_json(url: &str, token: Option<&str>, body: &Value) -> Reply {
    let request = reqwest::Client::new().post(url).json(body);
    reply(match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    })
    .await
}

pub(crate) async fn post_form(url: &str, form: &[(&str, &str)]) -> Reply {
    reply(reqwest::Client::new().post(url).form(form)).await
}
