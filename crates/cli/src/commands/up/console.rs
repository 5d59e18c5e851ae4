//! The web console: files that `cargo xtask up` built, served beside the API.

use std::path::Path;

use anyhow::ensure;
use axum::Router;
use axum::handler::HandlerWithoutStateExt as _;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use deputize_api::problem::{Code, Problem};
use tower_http::services::{ServeDir, ServeFile};
use tower_http::set_header::SetResponseHeaderLayer;

/// What tells browsers how far to trust the console, and everybody else's pages with it.
#[rustfmt::skip]
const PROTECTION: [(HeaderName, &str); 5] = [
    // The page may run what came with it, WebAssembly included, and ask this very server. Nothing inline, nothing from
    // elsewhere, in no other page's frame, and no text becomes markup. Styles need no exception: the editor hands its
    // own over as objects.
    (CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
         require-trusted-types-for 'script'; trusted-types 'none'"),
    // Other pages that are open get no handle to this one, and cannot embed what it is made of.
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
];

/// Serves the console at `/` from a directory that Vite wrote: the page, and what it is made of in `assets`.
pub(super) fn routes(directory: &Path) -> anyhow::Result<Router> {
    let page = directory.join("index.html");
    ensure!(page.is_file(), "there is no console in {}: index.html is missing", directory.display());
    let assets = ServeDir::new(directory.join("assets"))
        .append_index_html_on_directories(false)
        .fallback(nothing_here.into_service());
    let page = Router::new()
        .route_service("/", ServeFile::new(page))
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, HeaderValue::from_static("no-cache")));
    let assets = Router::new()
        .nest_service("/assets", assets)
        .layer(SetResponseHeaderLayer::overriding(CACHE_CONTROL, for_ever));
    let console = page.merge(assets);
    Ok(PROTECTION.into_iter().fold(console, |console, (name, value)| {
        console.layer(SetResponseHeaderLayer::overriding(name, HeaderValue::from_static(value)))
    }))
}

/// A file whose name has a hash of its content never changes. That there is none may change at the next build.
fn for_ever(response: &Response) -> Option<HeaderValue> {
    let missing = response.status().is_client_error() || response.status().is_server_error();
    Some(HeaderValue::from_static(if missing { "no-store" } else { "public, max-age=31536000, immutable" }))
}

async fn nothing_here() -> Problem {
    Problem::new(Code::NotFound, "the console has no such file")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use http_body_util::BodyExt as _;
    use tempfile::TempDir;
    use tower::ServiceExt as _;

    use super::*;

    /// A console of a page and a module, with a secret beside it.
    fn console() -> (TempDir, Router) {
        let folder = tempfile::tempdir().unwrap();
        let built = folder.path().join("console");
        fs::create_dir_all(built.join("assets")).unwrap();
        fs::write(folder.path().join("admin.token"), "canary").unwrap();
        fs::write(built.join("secret"), "canary").unwrap();
        fs::write(built.join("index.html"), "<!doctype html>").unwrap();
        fs::write(built.join("assets/index-1a2b.js"), "export {}").unwrap();
        fs::write(built.join("assets/validator-3c4d.wasm"), "\0asm").unwrap();
        let router = routes(&built).unwrap();
        (folder, router)
    }

    async fn get(router: &Router, path: &str) -> Response {
        let request = Request::get(path).body(Body::empty()).unwrap();
        router.clone().oneshot(request).await.unwrap()
    }

    fn header(response: &Response, name: impl axum::http::header::AsHeaderName) -> &str {
        response.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[tokio::test]
    async fn the_page_is_asked_for_each_time_and_what_it_is_made_of_once() {
        let (_folder, router) = console();
        for (path, content_type, cache) in [
            ("/", "text/html", "no-cache"),
            ("/assets/index-1a2b.js", "text/javascript", "public, max-age=31536000, immutable"),
            ("/assets/validator-3c4d.wasm", "application/wasm", "public, max-age=31536000, immutable"),
        ] {
            let response = get(&router, path).await;
            assert_eq!(response.status(), StatusCode::OK, "{path}");
            assert_eq!(header(&response, "content-type"), content_type, "{path}");
            assert_eq!(header(&response, CACHE_CONTROL), cache, "{path}");
        }
    }

    #[tokio::test]
    async fn every_answer_forbids_what_is_inline_or_from_elsewhere() {
        let (_folder, router) = console();
        for path in ["/", "/assets/index-1a2b.js", "/assets/missing.js"] {
            let response = get(&router, path).await;
            let policy = header(&response, CONTENT_SECURITY_POLICY);
            assert!(
                policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"),
                "{path}"
            );
            for loose in ["'unsafe-inline'", "'unsafe-eval'", "http", "data:", "*"] {
                assert!(!policy.contains(loose), "{path}: {policy}");
            }
            assert_eq!(header(&response, X_CONTENT_TYPE_OPTIONS), "nosniff", "{path}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_not_there_is_a_problem_that_no_cache_keeps() {
        let (_folder, router) = console();
        for path in ["/assets/missing.js", "/assets", "/assets/", "/assets/index-1a2b.js/more"] {
            let response = get(&router, path).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(header(&response, "content-type"), "application/problem+json", "{path}");
            assert_eq!(header(&response, CACHE_CONTROL), "no-store", "{path}");
        }
    }

    #[tokio::test]
    async fn no_path_leads_out_of_the_assets() {
        let (folder, router) = console();
        let absolute = format!("/assets/{}", folder.path().join("admin.token").display());
        for path in [
            "/assets/../secret",
            "/assets/%2e%2e/secret",
            "/assets/..%2fsecret",
            "/assets/..%5csecret",
            "/assets/%2e%2e/%2e%2e/admin.token",
            "/assets/x/../../secret",
            "/assets//etc/passwd",
            "/assets/%2fetc%2fpasswd",
            "/assets/%00",
            "/secret",
            &absolute,
        ] {
            let response = get(&router, path).await;
            assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
            let body = response.into_body().collect().await.unwrap().to_bytes();
            assert!(!body.windows(6).any(|window| window == b"canary"), "{path}");
        }
    }

    #[test]
    fn a_directory_without_a_page_is_told_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        assert!(routes(folder.path()).unwrap_err().to_string().contains("index.html is missing"));
    }
}
