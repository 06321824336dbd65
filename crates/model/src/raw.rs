//! Observed bytes in JSON: a string where they are UTF-8, as nearly all paths and arguments are, else `{"hex":"…"}`.
//!
//! Lossless, readable, and a quarter of the size of an array of numbers.

use serde::{Deserializer, Serializer, de, ser::SerializeMap as _};
use std::fmt;

pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return serializer.serialize_str(text);
    }
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |nibble: u8| char::from(DIGITS[usize::from(nibble)]);
    let hex: String = bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
    let mut map = serializer.serialize_map(Some(1))?;
    map.serialize_entry("hex", &hex)?;
    map.end()
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    deserializer.deserialize_any(Raw)
}

struct Raw;

impl<'de> de::Visitor<'de> for Raw {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string or {\"hex\": \"…\"}")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<u8>, E> {
        Ok(text.as_bytes().to_vec())
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Vec<u8>, A::Error> {
        let Some((key, hex)) = map.next_entry::<String, String>()? else {
            return Err(de::Error::missing_field("hex"));
        };
        if key != "hex" || map.next_key::<de::IgnoredAny>()?.is_some() {
            return Err(de::Error::custom("only \"hex\" is expected"));
        }
        bytes_of(&hex).ok_or_else(|| de::Error::custom("no pairs of hexadecimal digits"))
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, rest) = hex.as_bytes().as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| u8::try_from(digit(*high)? << 4 | digit(*low)?).ok()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder(#[serde(with = "super")] Vec<u8>);

    #[test]
    fn text_stays_readable_and_other_bytes_survive() {
        let json = |bytes: &[u8]| serde_json::to_string(&Holder(bytes.to_vec())).unwrap();
        assert_eq!(json(b"/srv/app.wasm"), r#""/srv/app.wasm""#);
        assert_eq!(json(b"a\0\xff"), r#"{"hex":"6100ff"}"#);
    }

    #[test]
    fn what_is_no_bytes_is_refused() {
        for json in
            [r#"{}"#, r#"{"hex":"6"}"#, r#"{"hex":"6g"}"#, r#"{"hex":"","x":1}"#, r#"{"text":"a"}"#, "7"]
        {
            assert!(serde_json::from_str::<Holder>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn all_bytes_come_back(bytes: Vec<u8>) {
            let holder = Holder(bytes);
            let json = serde_json::to_string(&holder).unwrap();
            prop_assert_eq!(serde_json::from_str::<Holder>(&json).unwrap(), holder);
        }
    }
}
