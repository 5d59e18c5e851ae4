//! The smallest function behind API Gateway: no SDK, no settings, one sentence.

use lambda_http::{Body, Error, Request, RequestExt, Response, run, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(greet)).await
}

/// Greets whoever the path names; fails at `/failure`, so that the harness can be seen to notice.
async fn greet(request: Request) -> Result<Response<Body>, Error> {
    match request.raw_http_path() {
        "/failure" => Err("nobody to greet".into()),
        path => Ok(Response::new(format!("hello {}", path.trim_start_matches('/')).into())),
    }
}
