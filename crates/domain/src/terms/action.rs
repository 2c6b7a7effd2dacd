//! Actions: what may be done with the data (TC609-6-2025-14, tables 4 and C.5).

use crate::codes::code_table;

code_table! {
    /// An action, spelt as the document prints it (`plicyTransmit` is its spelling).
    Action, "action";
    Transform = "transform", "转换", "convert to another format before use";
    Anonymize = "anonymize", "匿名化", "anonymise before use";
    Desensitize = "desensitize", "脱敏", "mask before use";
    Access = "access", "访问", "access";
    Read = "read", "读取", "read";
    Reproduce = "reproduce", "复制", "copy";
    Storage = "storage", "存储", "store";
    Download = "download", "下载", "download";
    Process = "process", "加工", "process";
    JointDevelop = "jointDevelop", "联合开发", "develop jointly";
    Distribute = "distribute", "分发", "give to third parties";
    Compute = "compute", "计算", "compute by a named application";
    GrantUse = "grantUse", "授权使用", "grant use to a third party";
    PolicyTransmit = "plicyTransmit", "策略传递", "pass the policy on with the data";
    Delivery = "delivery", "交付", "deliver to the demander";
    Sell = "sell", "交易", "sell";
    LogRecordSend = "logRecordSend", "行为记录发送", "send records of use";
    Delete = "delete", "删除", "delete all copies";
    Alert = "alert", "异常提醒", "warn of abnormal use";
    Compensate = "compensate", "补偿", "pay for use";
    ExpansionItem = "expansionItem", "扩展操作", "other action";
}

impl Action {
    /// Whether the gate can enforce it: `read` and `download`, both of which are a delivery under the gate.
    #[must_use]
    pub const fn is_supported(self) -> bool {
        matches!(self, Self::Read | Self::Download)
    }

    /// Reads an action as the document spells it; the meant spelling `policyTransmit` is read too.
    ///
    /// # Errors
    /// [`TermsRefusal::UnknownAction`](super::TermsRefusal::UnknownAction), or
    /// [`UnsupportedAction`](super::TermsRefusal::UnsupportedAction) for one that cannot be enforced here.
    pub fn parse(text: &str) -> Result<Self, super::TermsRefusal> {
        let spelt = if text == "policyTransmit" { "plicyTransmit" } else { text };
        let action =
            Self::from_code(spelt).map_err(|_| super::TermsRefusal::UnknownAction(super::excerpt(text)))?;
        if action.is_supported() { Ok(action) } else { Err(super::TermsRefusal::UnsupportedAction(action)) }
    }
}
