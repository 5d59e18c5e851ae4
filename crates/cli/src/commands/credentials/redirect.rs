//! Where the browser comes back to: one page on this very machine, for one enrolment.

use std::time::Duration;

use deputize_broker::Secret;
use deputize_connectors::{Enrolment, EnrolmentError};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// The path that the provider sends the browser to.
pub(super) const PATH: &str = "/callback";

/// More than a line of HTTP with a code.
const LARGEST: u64 = 16 * 1_024;
/// A browser sends its line at once; what does not is something else.
const PATIENCE: Duration = Duration::from_secs(5);

/// Waits for the answer to this enrolment. Whatever else asks on the port, or answers another enrolment, is told so and
/// waited past.
pub(super) async fn code(listener: &TcpListener, enrolment: &Enrolment) -> anyhow::Result<Secret> {
    loop {
        let (mut stream, _) = listener.accept().await?;
        let line = tokio::time::timeout(PATIENCE, request_line(&mut stream)).await;
        let Some(query) = line.ok().flatten().as_deref().and_then(query).map(str::to_owned) else {
            tell(&mut stream, "404 Not Found", "There is nothing here.").await;
            continue;
        };
        match enrolment.code(&query) {
            Ok(code) => {
                tell(&mut stream, "200 OK", "Connected. You can close this page.").await;
                return Ok(code);
            }
            Err(EnrolmentError::Foreign) => {
                tell(&mut stream, "400 Bad Request", "This is not the answer that was waited for.").await;
            }
            Err(error) => {
                tell(&mut stream, "200 OK", "The provider refused. You can close this page.").await;
                return Err(error.into());
            }
        }
    }
}

async fn request_line(stream: &mut TcpStream) -> Option<String> {
    let mut head = Vec::new();
    let mut limited = stream.take(LARGEST);
    let mut chunk = [0; 1_024];
    // The whole head is read: a browser that is answered earlier may not show the answer.
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        match limited.read(&mut chunk).await.ok()? {
            0 => return None,
            read => head.extend_from_slice(chunk.get(..read)?),
        }
    }
    let head = String::from_utf8(head).ok()?;
    head.lines().next().map(str::to_owned)
}

/// The query of `GET /callback?query HTTP/1.1`.
fn query(line: &str) -> Option<&str> {
    let target = line.strip_prefix("GET ")?.split(' ').next()?;
    target.strip_prefix(PATH)?.strip_prefix('?')
}

async fn tell(stream: &mut TcpStream, status: &str, text: &str) {
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         cache-control: no-store\r\nreferrer-policy: no-referrer\r\nconnection: close\r\n\r\n{text}\n",
        text.len() + 1
    );
    // Whether the browser shows it matters to nobody but the person, who sees it.
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_callback_is_listened_to() {
        assert_eq!(query("GET /callback?code=a&state=b HTTP/1.1"), Some("code=a&state=b"));
        for line in ["GET /favicon.ico HTTP/1.1", "POST /callback?a HTTP/1.1", "GET /callback HTTP/1.1", ""] {
            assert_eq!(query(line), None, "{line}");
        }
    }
}
