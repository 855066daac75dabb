//! Misbehaviour on demand.
//!
//! A fault that stands in for the judgement ([`Fault::GatewayError`], [`Fault::UnsignedError`]) leaves the request unperformed: a code stays
//! good, so that a retry can be tried. Every other fault spoils the answer to a request that was judged, and performed, as always.

/// The method that redeems a code or a refresh token.
pub const TOKEN_METHOD: &str = "alipay.system.oauth.token";
/// The method that tells the person's profile.
pub const INFO_METHOD: &str = "alipay.user.info.share";

/// A way to answer wrongly. Unless said otherwise the rest of the answer is in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// One letter or digit of the signed node differs from what was signed.
    OneByteChanged,
    /// The answer is signed by a key that is not the certificate's.
    SignedByAnotherKey,
    /// An answer without `sign` and `alipay_cert_sn`.
    UnsignedSuccess,
    /// Stands in for the judgement: `error_response` with 20000 `isp.unknow-error`, without signature.
    UnsignedError,
    /// A signed answer without `alipay_cert_sn`.
    NoCertSn,
    /// A signed answer whose `alipay_cert_sn` is of a certificate nobody has; the key is the usual one.
    OtherCertSn,
    /// No fault of form: the answer is in GBK, and signed so, whatever charset was asked for, as the real gateway answers at times.
    InGbk,
    /// HTTP 502 and an HTML page.
    Html,
    /// Nothing is answered until the simulator shuts down.
    Hang,
    /// The connection is closed without a byte.
    CloseWithoutAnswer,
    /// HTTP 200 without content.
    EmptyBody,
    /// The first half of the answer, announced as if it were all.
    Truncated,
    /// The answer followed by so much white space that it has ten megabytes. Only the size is wrong: the signature holds.
    TenMegabytes,
    /// `Content-Encoding: gzip`, some hundred kilobytes that unpack to the answer and 128 MiB of white space. The signature holds.
    GzipBomb,
    /// The node comes a second time, with one letter or digit changed, after the signature.
    DuplicateKey,
    /// The node bears the name of the other method; the signature holds.
    WrongNode,
    /// HTTP 302 to `/elsewhere`, see [`crate::Simulator::elsewhere_visits`].
    Redirect,
    /// The answer's head, and then a space every tenth of a second until the simulator shuts down.
    SlowDrip,
    /// Stands in for the judgement: this error, signed, in the method's node.
    GatewayError {
        /// For example `40004`.
        code: String,
        /// For example `isv.app-call-limited`.
        sub_code: String,
        /// The message.
        sub_msg: String,
    },
    /// The profile is another person's than the token's: `open_id`, `user_id` and `union_id` differ.
    OtherUserInInfo,
    /// `open_id` is missing where it would stand.
    MissingOpenId,
    /// No fault at all: the order of the answer's members is turned round, which Alipay may do and a client must bear.
    MembersReordered,
}

/// A fault, how often it happens, and at which method.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultPlan {
    pub(crate) fault: Fault,
    pub(crate) times: Option<u32>,
    pub(crate) method: Option<String>,
}

impl From<Fault> for FaultPlan {
    fn from(fault: Fault) -> Self {
        let method = (fault == Fault::OtherUserInInfo).then(|| INFO_METHOD.to_owned());
        Self { fault, times: None, method }
    }
}

impl Fault {
    /// This fault in the next `times` answers.
    #[must_use]
    pub fn times(self, times: u32) -> FaultPlan {
        FaultPlan { times: Some(times), ..self.into() }
    }

    /// This fault in answers to one method, see [`TOKEN_METHOD`] and [`INFO_METHOD`].
    #[must_use]
    pub fn on_method(self, method: &str) -> FaultPlan {
        FaultPlan::from(self).on_method(method)
    }
}

impl FaultPlan {
    /// The same in answers to one method only.
    #[must_use]
    pub fn on_method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Takes one occasion; whether the plan applied, and what is left of it.
    pub(crate) fn take(self, method: Option<&str>) -> (Option<Fault>, Option<Self>) {
        if self.method.is_some() && self.method.as_deref() != method {
            return (None, Some(self));
        }
        match self.times {
            None => (Some(self.fault.clone()), Some(self)),
            Some(0) => (None, None),
            Some(1) => (Some(self.fault), None),
            Some(times) => (Some(self.fault.clone()), Some(Self { times: Some(times - 1), ..self })),
        }
    }
}
