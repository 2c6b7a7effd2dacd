//! The tables themselves. Codes and Chinese names are the documents'; English names are ours.

use super::code_table;

code_table! {
    /// How a resource is classified (NDI-TR-2025-06, 7.1 table 1).
    Classification, "classification";
    Topic = "001", "主题分类", "topic";
    Industry = "002", "行业分类", "industry";
    Organisation = "003", "机构分类", "organisation";
    Scenario = "004", "应用场景分类", "scenario";
}

code_table! {
    /// How the data was obtained (NDI-TR-2025-06, 7.1 table 2).
    DataSource, "data source";
    Original = "001", "原始取得", "own activity";
    Collected = "002", "收集取得", "collected from others";
    Traded = "003", "交易取得", "acquired for consideration";
    Other = "004", "其他", "other";
}

code_table! {
    /// In which form a product is delivered (NDI-TR-2025-06, 7.1 table 3).
    DeliveryForm, "delivery form";
    Dataset = "001", "数据集", "data set";
    Api = "002", "API产品", "API";
    Application = "003", "数据应用", "data application";
    Report = "004", "数据报告", "data report";
    Object = "005", "数据对象", "data object";
    Other = "006", "其他", "other";
}

code_table! {
    /// How often the data is brought up to date (NDI-TR-2025-06, 7.1 table 4).
    UpdateFrequency, "update frequency";
    RealTime = "001", "实时", "real time";
    Daily = "002", "每日", "daily";
    Weekly = "003", "每周", "weekly";
    Monthly = "004", "每月", "monthly";
    Quarterly = "005", "每季度", "quarterly";
    HalfYearly = "006", "每半年", "every half year";
    Yearly = "007", "每年", "yearly";
    Irregular = "008", "不定期", "irregular";
    Historical = "009", "历史存量", "historical, no more updates";
}

code_table! {
    /// Quality of the data (NDI-TR-2025-06, 7.1 table 5).
    QualityLevel, "quality level";
    A = "001", "A级", "very good";
    B = "002", "B级", "good";
    C = "003", "C级", "fair";
    D = "004", "D级", "poor";
}

code_table! {
    /// Security level of the data (NDI-TR-2025-06, 7.1 table 6).
    SecurityLevel, "security level";
    Level1 = "001", "1级", "public";
    Level2 = "002", "2级", "internal";
    Level3 = "003", "3级", "sensitive";
    Level4 = "004", "4级", "confidential";
    Level5 = "005", "5级", "top secret";
}

code_table! {
    /// Kind of data service (NDI-TR-2025-06, 7.1 table 7).
    ServiceType, "service type";
    Catalogue = "001", "目录服务", "catalogue";
    Api = "002", "API服务", "API";
    File = "003", "文件服务", "file download";
    Database = "004", "数据库服务", "database";
    Analytics = "005", "分析服务", "analysis";
}

code_table! {
    /// Sort of an organisation (NDI-TR-2025-03, 6.1.2 table 4).
    EnterpriseType, "organisation type";
    Government = "0", "机关法人", "government body";
    Enterprise = "1", "企事业单位法人", "enterprise or public institution";
    SocialOrganisation = "2", "社会团体法人", "social organisation";
    Unincorporated = "3", "非法人组织", "unincorporated organisation";
    Other = "4", "其它", "other";
}

code_table! {
    /// How an organisation's identity was checked (NDI-TR-2025-03, 6.1.2 table 4).
    EnterpriseAuthType, "organisation check";
    Manual = "0", "人工核验", "manual check";
    Transfer = "1", "对公打款", "transfer to the company account";
    MarketRegulator = "2", "市场监管总局核验", "check with the market regulator";
    Other = "3", "其他", "other";
}

code_table! {
    /// How a connector reaches the network (NDI-TR-2025-03, 6.2 table 10).
    ConnectorJoinType, "connector join type";
    LeasedLine = "1", "专线", "leased line";
    FixedAddress = "2", "互联网(固定公网IP)", "internet with a fixed public address";
    NoFixedAddress = "3", "互联网(无固定公网IP)", "internet without a fixed public address";
    HighSpeedNetwork = "4", "高速数据网", "high-speed data network";
    Other = "5", "其他", "other";
}

code_table! {
    /// Type of a connector, with the interface's values (NDI-TR-2025-03, 8.3.3.1; table 11 has 0 and 1).
    ConnectorType, "connector type";
    Standard = "1", "标准型", "standard";
    Full = "2", "全功能型", "full function";
}

code_table! {
    /// State of a contract (TC609-6-2025-14, table C.1; 04 is not assigned).
    ContractStatus, "contract status";
    Initiated = "01", "发起", "initiated";
    Negotiating = "02", "协商", "negotiating";
    Signing = "03", "签订", "signing";
    Signed = "0301", "签订成功", "signed";
    SigningFailed = "0302", "签订失败", "signing failed";
    Performing = "05", "履行中", "performing";
    Ended = "06", "终止", "terminated";
}

code_table! {
    /// Who leads the negotiation (TC609-6-2025-14, tables B.3 and C.1).
    SignMode, "sign mode";
    PeerToPeer = "01", "点对点协商", "peer to peer";
    WithPlatform = "02", "平台参与协商", "with the platform";
}

code_table! {
    /// Role of a signer (TC609-6-2025-14, table C.1).
    SignatoryType, "signatory type";
    Provider = "01", "数据提供方", "provider";
    User = "02", "数据使用方", "user";
    Service = "03", "数据服务方", "service party";
    Other = "04", "其他", "other";
}

code_table! {
    /// How a contract ends (TC609-6-2025-14, table B.7).
    TerminateType, "terminate type";
    Early = "01", "提前解除", "early";
    OnExpiry = "02", "到期解除", "on expiry";
}

code_table! {
    /// Where the data is executed (TC609-6-2025-14, table C.6).
    ExecutionEnv, "execution environment";
    UsageControl = "01", "使用控制", "usage control";
    Sandbox = "02", "数据沙箱", "data sandbox";
    MultiPartyComputation = "03", "安全多方计算", "secure multi-party computation";
    FederatedLearning = "04", "联邦学习", "federated learning";
    TrustedEnvironment = "05", "可信执行环境", "trusted execution environment";
    CryptographicComputing = "06", "密态计算", "cryptographic computing";
    Other = "07", "其他", "other";
}

code_table! {
    /// Plain or encrypted use (TC609-6-2025-14, table C.6).
    EncryptMode, "encrypt mode";
    Plain = "01", "明文使用", "plaintext use";
    Cipher = "02", "密文使用", "ciphertext use";
    Other = "03", "其他", "other";
}

code_table! {
    /// How the data travels (TC609-6-2025-14, table C.6).
    DeliveryMethod, "delivery method";
    File = "01", "文件传输", "file";
    Stream = "02", "数据流传输", "stream";
    Api = "03", "API 传输", "API";
    Other = "04", "其他", "other";
}
