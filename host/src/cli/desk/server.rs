//! A server as a client sees it: one address, one token, JSON in, JSON or a problem out.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::http::{Response, StatusCode, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::{Agent, Body, Error, RequestBuilder};

use super::super::Failure;
use super::super::arguments::TOKEN;
use super::unreached;
use crate::commit::Tenant;
use crate::http::TENANT;
use crate::quota::OVER_QUOTA;
use crate::report::visible;
use crate::token::TokenSecret;

/// How long a server may take to connect, and to answer.
const CONNECT: Duration = Duration::from_secs(10);
const ANSWER: Duration = Duration::from_secs(60);
/// Bytes of an answer: a page of incidents has some MiB at most.
const LARGEST: u64 = 64 << 20;
/// Bytes of a file with a token.
const TOKEN_BYTES: u64 = 4 << 10;

/// What a body of JSON says of itself.
pub(super) const JSON: [(&str, &str); 1] = [("Content-Type", "application/json")];

/// Where to ask, and with what.
pub(super) struct Server {
    agent: Agent,
    /// Without a slash at its end.
    url: String,
    /// `None`: it is asked what it answers to anybody.
    token: Option<TokenSecret>,
    /// Whose incidents are meant; the token has to be of this tenant.
    tenant: Tenant,
}

/// An answer that is no success.
pub(super) struct Refused {
    status: StatusCode,
    /// What the problem's type ends with.
    code: String,
    detail: String,
    retry_after: Option<String>,
}

/// A problem as RFC 9457 has it, as far as it is shown.
#[derive(Default, Deserialize)]
struct Problem {
    #[serde(default)]
    r#type: String,
    #[serde(default)]
    title: String,
    #[serde(default)]
    detail: String,
}

impl Server {
    pub(super) fn new(url: &str, token_file: Option<&Path>, tenant: &Tenant) -> Result<Server, Failure> {
        Server::asked(url, Some(token(token_file)?), tenant)
    }

    /// One that is asked without a token.
    pub(super) fn without_token(url: &str) -> Result<Server, Failure> {
        Server::asked(url, None, &Tenant::default())
    }

    fn asked(url: &str, token: Option<TokenSecret>, tenant: &Tenant) -> Result<Server, Failure> {
        let url = address(url)?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = TlsConfig::builder().root_certs(roots()).unversioned_rustls_crypto_provider(provider);
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            // A token goes to nobody but the server that was named.
            .max_redirects(0)
            .proxy(None)
            .timeout_connect(Some(CONNECT))
            .timeout_global(Some(ANSWER))
            .user_agent(concat!("tripline/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build());
        Ok(Server { agent: agent.build().into(), url, token, tenant: tenant.clone() })
    }

    pub(super) fn get<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<Result<T, Refused>, Failure> {
        let mut request = self.known(self.agent.get(self.at(path)));
        for (key, value) in query {
            request = request.query(*key, value);
        }
        self.answer(request.call())
    }

    pub(super) fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Result<T, Refused>, Failure> {
        let request = self.known(self.agent.post(self.at(path)));
        // What is changed is changed as it is: nobody has read it before.
        let request = request.header("If-Match", "*").header("Content-Type", "application/json");
        self.answer(request.send(body.to_string()))
    }

    /// Changes what is named of something, and leaves the rest.
    pub(super) fn patch<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &Value,
    ) -> Result<Result<T, Refused>, Failure> {
        let request = self.known(self.agent.patch(self.at(path)));
        self.answer(request.header("Content-Type", "application/json").send(body.to_string()))
    }

    /// Brings bytes of this type, which are packed by gzip.
    pub(super) fn bring<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, &str)],
        content: &str,
        packed: &[u8],
    ) -> Result<Result<T, Refused>, Failure> {
        let mut request = self.known(self.agent.post(self.at(path)));
        request = request.header("Content-Type", content).header("Content-Encoding", "gzip");
        for (key, value) in query {
            request = request.query(*key, *value);
        }
        self.answer(request.send(packed))
    }

    /// Writes an answer of lines, however many and however long it takes; answers how many.
    pub(super) fn lines(&self, path: &str, out: &mut dyn Write) -> Result<u64, Failure> {
        let request = self.known(self.agent.get(self.at(path))).config().timeout_global(None).build();
        let mut response = request.call().map_err(|error| self.unreached(&error))?;
        if !response.status().is_success() {
            return Err(self.failed(&refused(&mut response)));
        }
        let mut counted = Counted { out, lines: 0 };
        let copied = io::copy(&mut response.body_mut().as_reader(), &mut counted);
        let broken = |error| Failure::new(format!("{}: the answer breaks off: {error}", self.url));
        copied.map_err(broken)?;
        Ok(counted.lines)
    }

    /// Puts bytes with such headers in a place; what is put there is new, whatever was there.
    pub(super) fn put<T: DeserializeOwned>(
        &self,
        path: &str,
        headers: &[(&str, &str)],
        bytes: &[u8],
    ) -> Result<Result<T, Refused>, Failure> {
        let mut request = self.known(self.agent.put(self.at(path)));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.answer(request.send(bytes))
    }

    /// `Ok(())`: it is done.
    pub(super) fn delete(&self, path: &str) -> Result<Result<(), Refused>, Failure> {
        let request = self.known(self.agent.delete(self.at(path)));
        let mut response = request.call().map_err(|error| self.unreached(&error))?;
        match response.status().is_success() {
            true => Ok(Ok(())),
            false => Ok(Err(refused(&mut response))),
        }
    }

    /// An answer that is no success and that nobody expects.
    pub(super) fn failed(&self, refused: &Refused) -> Failure {
        let detail = visible(&refused.detail);
        let (message, hint) = match refused.status {
            StatusCode::UNAUTHORIZED => {
                let hint = format!(
                    "`tripline token add` on the server makes one; --token-file FILE or {TOKEN} brings it"
                );
                ("the server does not know the token, or it is over".into(), Some(hint))
            }
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let hint = refused
                    .retry_after
                    .as_ref()
                    .map(|seconds| format!("try again in {} s", visible(seconds)));
                (detail, hint)
            }
            status if status.is_redirection() => {
                ("expected an answer, found a redirection, which is not followed".into(), None)
            }
            StatusCode::FORBIDDEN => {
                let hint = format!(
                    "`tripline token add --tenant {}` beside the server's database makes one",
                    self.tenant
                );
                (detail, Some(hint))
            }
            _ if refused.code == OVER_QUOTA => {
                let hint = format!(
                    "an operator sees what it uses by `tripline tenant show {0}`, and lets it have more by `tripline tenant set {0} \
                     --quota KEY=VALUE`",
                    self.tenant
                );
                (detail, Some(hint))
            }
            _ if detail.is_empty() => (format!("the server answers {}", refused.status), None),
            _ => (detail, None),
        };
        Failure::new(format!("{}: {message}", self.url)).hint(hint)
    }

    /// The answer is not what it should be.
    pub(super) fn odd(&self, error: &dyn std::fmt::Display) -> Failure {
        let hint = "is that a Tripline server, and is it as new as this program?";
        let error = visible(&error.to_string());
        Failure::new(format!("{}: cannot understand the answer: {error}", self.url)).hint(Some(hint))
    }

    fn answer<T: DeserializeOwned>(
        &self,
        called: Result<Response<Body>, Error>,
    ) -> Result<Result<T, Refused>, Failure> {
        let mut response = called.map_err(|error| self.unreached(&error))?;
        if !response.status().is_success() {
            return Ok(Err(refused(&mut response)));
        }
        let bytes = response.body_mut().with_config().limit(LARGEST).read_to_vec();
        let bytes = bytes.map_err(|error| self.unreached(&error))?;
        serde_json::from_slice(&bytes).map(Ok).map_err(|error| self.odd(&error))
    }

    fn unreached(&self, error: &Error) -> Failure {
        let (words, hint) = unreached::words(error);
        Failure::new(format!("{}: cannot ask it: {}", self.url, visible(&words))).hint(hint)
    }

    fn at(&self, path: &str) -> String {
        format!("{}/api/v1{path}", self.url)
    }

    /// With who asks, and for which tenant; the default one is not named, since it is also what nobody has thought of.
    fn known<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        let request = match &self.token {
            Some(token) => request.header("Authorization", format!("Bearer {}", token.show())),
            None => request,
        };
        match self.tenant == Tenant::default() {
            true => request,
            false => request.header(TENANT, self.tenant.as_str()),
        }
    }
}

/// Counts lines that go through it.
struct Counted<'o> {
    out: &'o mut dyn Write,
    lines: u64,
}

impl Write for Counted<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.lines += memchr::memchr_iter(b'\n', &bytes[..written]).count() as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Refused {
    pub(super) fn is(&self, status: u16) -> bool {
        self.status.as_u16() == status
    }

    pub(super) fn detail(&self) -> &str {
        &self.detail
    }
}

fn refused(response: &mut Response<Body>) -> Refused {
    let status = response.status();
    let retry_after = response.headers().get("retry-after").and_then(|after| after.to_str().ok());
    let retry_after = retry_after.map(String::from);
    let bytes = response.body_mut().with_config().limit(LARGEST).read_to_vec().unwrap_or_default();
    let problem: Problem = serde_json::from_slice(&bytes).unwrap_or_default();
    let code = problem.r#type.strip_prefix("urn:tripline:").unwrap_or_default().to_string();
    let detail = if problem.detail.is_empty() { problem.title } else { problem.detail };
    Refused { status, code, detail, retry_after }
}

/// With TLS, unless it is this machine.
fn address(url: &str) -> Result<String, Failure> {
    let expected =
        || Failure::new(format!("expected --server https://HOST[:PORT], found `{}`", visible(url)));
    let uri: Uri = url.parse().map_err(|_| expected())?;
    let (scheme, host) = (uri.scheme_str().unwrap_or_default(), uri.host().unwrap_or_default());
    let plain = uri.path_and_query().is_none_or(|path| matches!(path.as_str(), "" | "/"));
    // A password in an address is everybody's on the machine.
    if host.is_empty() || !plain || uri.authority().is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(expected());
    }
    let is_own = matches!(host, "127.0.0.1" | "[::1]" | "localhost");
    match scheme {
        "https" => {}
        "http" if is_own => {}
        "http" => {
            let hint = "only a server on this machine is asked without TLS";
            return Err(Failure::new(format!("expected https://{host}, found http")).hint(Some(hint)));
        }
        _ => return Err(expected()),
    }
    Ok(url.trim_end_matches('/').into())
}

/// From the file, else from the environment; never from the command line, which everybody on the machine can read.
fn token(file: Option<&Path>) -> Result<TokenSecret, Failure> {
    let hint =
        format!("`tripline token add` on the server makes one; --token-file FILE or {TOKEN} brings it");
    let (text, whence) = match file {
        Some(path) => {
            let failed =
                |error: io::Error| Failure::new(format!("{}: cannot read it: {error}", path.display()));
            let mut text = String::new();
            File::open(path)
                .and_then(|file| file.take(TOKEN_BYTES).read_to_string(&mut text))
                .map_err(failed)?;
            (text, path.display().to_string())
        }
        None => match std::env::var(TOKEN) {
            Ok(text) => (text, TOKEN.to_string()),
            Err(_) => return Err(Failure::new("expected a token, found none").hint(Some(hint))),
        },
    };
    let read = TokenSecret::read(text.trim());
    read.ok_or_else(|| {
        Failure::new(format!("{whence}: expected a token, found something else")).hint(Some(hint))
    })
}

/// The system's certificates; `SSL_CERT_FILE` and `SSL_CERT_DIR` name others.
fn roots() -> RootCerts {
    let found = rustls_native_certs::load_native_certs().certs;
    let certificates: Vec<_> =
        found.iter().map(|certificate| Certificate::from_der(certificate).to_owned()).collect();
    RootCerts::Specific(Arc::new(certificates))
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn only_this_machine_is_asked_without_tls() {
        for good in
            ["https://a.example", "https://a.example:8443/", "http://127.0.0.1:8080", "http://[::1]:1"]
        {
            assert_eq!(address(good).unwrap(), good.trim_end_matches('/'));
        }
        let wrong = [
            "",
            "a.example",
            "ftp://a.example",
            "http://a.example",
            "https://a.example/x",
            "https://u:p@a.example",
        ];
        for wrong in wrong {
            assert!(address(wrong).is_err(), "{wrong}");
        }
    }
}
