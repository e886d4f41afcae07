//! JSON bodies: one parser, bounded in bytes and depth, without duplicate keys; what nobody asked for is refused.

use std::fmt;
use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse, Response};
use serde::de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serialize};
use serde_json::{Map, Value};

use super::body;
use super::observed::Seen;
use super::problem::Problem;
use super::shared::Shared;
use crate::commit::Tenant;
use crate::report::strict_json;

/// A body as JSON; taken only of a caller who is known already, so it comes after
/// [`Caller`](super::caller::Caller). Its type derives `Deserialize` with `deny_unknown_fields`.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Json<T>, Problem> {
        let seen = request.extensions().get::<Seen>().and_then(Seen::tenant);
        let tenant = seen.ok_or_else(Problem::no_token)?;
        read(request, shared, &tenant, shared.limits.json_bytes).await.map(Json)
    }
}

/// A small body as JSON of anybody: for what needs no token.
pub(super) struct Small<T>(pub(super) T);

/// Bytes of one. Whoever is not known has no room of their own: all connections together take less than others miss.
const SMALL: usize = 1 << 10;

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Small<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Small<T>, Problem> {
        read(request, shared, &Tenant::default(), SMALL).await.map(Small)
    }
}

async fn read<T: DeserializeOwned>(
    request: Request,
    shared: &Arc<Shared>,
    tenant: &Tenant,
    most: usize,
) -> Result<T, Problem> {
    let (parts, body) = request.into_parts();
    if !is(&parts.headers, "application/json") {
        return Err(Problem::unsupported("expected the header Content-Type with application/json"));
    }
    let limits = &shared.limits;
    let mut share = shared.room.share(tenant);
    let bytes = body::read(body, most, limits, &mut share).await?;
    let value = parse(&bytes, limits.json_depth).map_err(|error| Problem::malformed(plain(&error)))?;
    // A list of values in the order of their names would do, too, and nobody has said so.
    if !value.is_object() {
        return Err(Problem::invalid("expected an object"));
    }
    T::deserialize(value).map_err(|error| Problem::invalid(plain(&error)))
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let mut bytes = Vec::new();
        match strict_json::write(&mut bytes, &self.0) {
            Ok(()) => {
                let content = (CONTENT_TYPE, HeaderValue::from_static("application/json"));
                ([content], bytes).into_response()
            }
            Err(error) => Problem::internal(&error).into_response(),
        }
    }
}

/// Whether a body is of this type, whatever parameters it has.
pub(super) fn is(headers: &HeaderMap, expected: &str) -> bool {
    essence(headers).is_some_and(|given| given.eq_ignore_ascii_case(expected))
}

/// The type that a body says to be, without parameters.
pub(super) fn essence(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(CONTENT_TYPE)?.to_str().ok()?;
    Some(given.split(';').next().unwrap_or_default().trim())
}

/// What serde says has what its sender wrote in it: on one line, and nothing invisible.
fn plain(error: &serde_json::Error) -> String {
    error.to_string().chars().map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect()
}

/// A value that nests at most so deep and names nothing twice.
fn parse(bytes: &[u8], depth: usize) -> Result<Value, serde_json::Error> {
    let mut parser = serde_json::Deserializer::from_slice(bytes);
    let value = Strict { depth }.deserialize(&mut parser)?;
    parser.end()?;
    Ok(value)
}

/// serde_json bounds the depth at 128 and takes the last of two values with one name; neither is ours to choose there.
#[derive(Clone, Copy)]
struct Strict {
    depth: usize,
}

impl Strict {
    fn deeper<E: Error>(self) -> Result<Strict, E> {
        let depth = self.depth.checked_sub(1).ok_or_else(|| E::custom("it nests too deep"))?;
        Ok(Strict { depth })
    }
}

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(deeper)? {
            list.push(item);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let deeper = self.deeper()?;
        let mut object = Map::new();
        while let Some(name) = entries.next_key::<String>()? {
            let value = entries.next_value_seed(deeper)?;
            if object.contains_key(&name) {
                return Err(A::Error::custom(format!("the name {name:?} is there twice")));
            }
            object.insert(name, value);
        }
        Ok(object.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_odd_is_refused_and_what_is_plain_is_taken() {
        let plain = br#"{"a": [1, -2, 0.5, null, true, "\u00fc\ud83d\ude00"], "b": {"a": {}}}"#;
        assert_eq!(parse(plain, 3).unwrap(), serde_json::from_slice::<Value>(plain).unwrap());
        let nested = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
        for wrong in [
            &br#"{"a": 1, "a": 2}"#[..],
            br#"{"a": 1, "\u0061": 2}"#,
            br#"{"x": {"a": 1, "b": 2, "a": 3}}"#,
            b"1e999",
            b"-1e999",
            br#""\ud800""#,
            br#""\udc00\ud800""#,
            b"\"\xff\"",
            b"\"\n\"",
            b"NaN",
            b"1 2",
            b"01",
            b"",
            b"[[[[]]]]",
            b"\xef\xbb\xbf1",
            nested.as_bytes(),
        ] {
            assert!(parse(wrong, 3).is_err(), "{}", String::from_utf8_lossy(wrong));
        }
    }
}
