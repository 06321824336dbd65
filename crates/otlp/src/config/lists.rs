//! `key=value,key=value` in variables, percent-encoded: W3C Baggage without its properties.

use percent_encoding::percent_decode_str;

/// The pairs, in their order.
///
/// # Errors
/// Says what must be there.
pub(super) fn pairs(text: &str) -> Result<Vec<(String, String)>, &'static str> {
    const FORM: &str = "of the form key=value,key=value, other characters percent-encoded";
    let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            let (key, value) = entry.split_once('=').ok_or(FORM)?;
            let decode =
                |part: &str| percent_decode_str(part.trim()).decode_utf8().map(|text| text.into_owned());
            let (key, value) = (decode(key).map_err(|_| FORM)?, decode(value).map_err(|_| FORM)?);
            if key.is_empty() { Err(FORM) } else { Ok((key, value)) }
        })
        .collect()
}
