//! What lies in the bytes of data segments and custom sections: constants, payloads, texts, libraries.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An exact count, and the first few.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counted<T> {
    /// Exact number.
    pub count: u64,
    /// The first; at most [`limits::CONTENT`](crate::limits::CONTENT).
    pub list: Vec<T>,
}

impl<T> Default for Counted<T> {
    fn default() -> Self {
        Self { count: 0, list: Vec::new() }
    }
}

/// What the contents of a module hold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Content {
    /// Files of other formats in data segments and custom sections.
    pub payloads: Counted<EmbeddedFile>,
    /// Texts that tell something, by class; classes without any are left out. Of equal texts the first is listed.
    pub texts: BTreeMap<TextClass, Counted<Text>>,
    /// Secrets: where, never what.
    pub secrets: Counted<Secret>,
    /// Libraries and interpreters, in the order of their names.
    pub libraries: Vec<Library>,
}

/// A place in a module that holds free bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", tag = "in")]
pub enum Place {
    /// A data segment.
    Data {
        /// Its index.
        segment: u32,
    },
    /// A custom section.
    Custom {
        /// Its name.
        section: String,
    },
}

/// The beginning of a file of another format.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct EmbeddedFile {
    /// The format.
    pub format: FileFormat,
    /// Where in the file.
    pub offset: u64,
    /// Where in the module.
    #[serde(flatten)]
    pub place: Place,
}

/// A format of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FileFormat {
    /// An ELF program or library.
    Elf,
    /// A Windows program or library.
    Pe,
    /// A Mach-O program or library, also for several architectures.
    MachO,
    /// A WebAssembly module.
    WasmModule,
    /// A WebAssembly component.
    WasmComponent,
    /// A script with a `#!` line.
    Script,
    /// A ZIP archive; also JAR, APK and office documents.
    Zip,
    /// gzip.
    Gzip,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// 7-Zip.
    SevenZip,
    /// A Java class.
    JavaClass,
    /// Android's DEX.
    Dex,
}

/// What a text is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TextClass {
    /// A URL; without user, password and query.
    Url,
    /// An IPv4 or IPv6 address with a port.
    Address,
    /// A Tor onion address.
    Onion,
    /// Protocols, algorithms and pools of miners of cryptocurrencies.
    Mining,
    /// Paths on a host that hold secrets or give power over it.
    HostPath,
    /// Metadata services of clouds, which hand out credentials.
    CloudMetadata,
    /// Commands for a shell.
    Shell,
    /// A printf format with `%n`, which writes to memory.
    FormatWrites,
}

/// A text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    /// The text, cut.
    pub value: String,
    /// Where it begins in the file.
    pub offset: u64,
    /// Where in the module.
    #[serde(flatten)]
    pub place: Place,
}

/// Where a secret lies. Its value is not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Secret {
    /// What kind.
    pub kind: SecretKind,
    /// Where it begins in the file.
    pub offset: u64,
    /// Where in the module.
    #[serde(flatten)]
    pub place: Place,
}

/// A kind of secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SecretKind {
    /// A private key in PEM.
    PrivateKey,
    /// An AWS access key id.
    AwsKey,
    /// A GitHub token.
    GithubToken,
    /// A GitLab token.
    GitlabToken,
    /// A Slack token or webhook.
    Slack,
    /// A Google API key.
    GoogleKey,
    /// A Stripe live key.
    StripeKey,
    /// An npm token.
    NpmToken,
    /// A JSON Web Token with its signature.
    Jwt,
    /// A password in a URL.
    UrlPassword,
}

/// A library that was recognised by its own texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Library {
    /// Its name.
    pub name: String,
    /// Its version, as its texts say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Where it was recognised in the file.
    pub offset: u64,
    /// Does it interpret programs, so that data may be code?
    pub interpreter: bool,
}

/// Constants of one algorithm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConstantSet {
    /// Stable name: `keccak`, `aes-s-box`.
    pub name: String,
    /// Other algorithms that have the same constants.
    pub shared_with: Vec<String>,
    /// Distinct constants in code or data.
    pub found: u32,
    /// Constants in the set.
    pub of: u32,
    /// Distinct constants in code.
    pub in_code: u32,
    /// Distinct constants in data segments.
    pub in_data: u32,
    /// The first function that uses one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_function: Option<u32>,
    /// Where the first one in data lies in the file.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_offset: Option<u64>,
}
