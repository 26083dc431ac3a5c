package clamconf

// Kind is what an option takes as its argument.
type Kind int

const (
	Bool Kind = iota
	Number
	Size       // bytes, with K, M or G; 0 means no limit
	String     // any text
	Choice     // one of a few words, in any case
	List       // text; the option may be repeated
	NumberList // numbers; the option may be repeated
	Ignored    // still read, whatever the argument, and without effect
	Gone       // refused by clamd 1.4, known to an older one
)

// String is the word shown to people.
func (k Kind) String() string {
	return [...]string{"yes or no", "number", "size", "text", "word", "text, repeatable", "number, repeatable", "ignored", "removed"}[k]
}

// Option describes a word of clamd.conf. Versions are those of clamd's own release notes, "" where they do not tell.
type Option struct {
	Name       string
	Kind       Kind
	Default    string // of clamd 1.4 as Debian builds it; "" means unset, or no
	Choices    []string
	Since      string
	Deprecated string // renamed, or without effect, since
	Removed    string
	ReplacedBy string
}

// Options lists what clamd 1.4 reads, then what only older ones did, each in order of names.
func Options() []Option {
	return append(append([]Option(nil), known...), gone...)
}

// known is what clamd 1.4 reads.
var known = []Option{
	{Name: "AlertBrokenExecutables", Kind: Bool, Since: "0.101"},
	{Name: "AlertBrokenMedia", Kind: Bool, Since: "0.103"},
	{Name: "AlertEncrypted", Kind: Bool, Since: "0.101"},
	{Name: "AlertEncryptedArchive", Kind: Bool, Since: "0.101"},
	{Name: "AlertEncryptedDoc", Kind: Bool, Since: "0.101"},
	{Name: "AlertExceedsMax", Kind: Bool, Since: "0.101"},
	{Name: "AlertOLE2Macros", Kind: Bool, Since: "0.101"},
	{Name: "AlertPartitionIntersection", Kind: Bool, Since: "0.101"},
	{Name: "AlertPhishingCloak", Kind: Bool, Since: "0.101"},
	{Name: "AlertPhishingSSLMismatch", Kind: Bool, Since: "0.101"},
	{Name: "AlgorithmicDetection", Kind: Bool, Default: "yes", Since: "0.90", Deprecated: "0.101", ReplacedBy: "HeuristicAlerts"},
	{Name: "AllowAllMatchScan", Kind: Bool, Default: "yes"},
	{Name: "AllowSupplementaryGroups", Kind: Ignored, Since: "0.60"},
	{Name: "ArchiveBlockEncrypted", Kind: Bool, Since: "0.70", Deprecated: "0.101", ReplacedBy: "AlertEncrypted"},
	{Name: "ArchiveBlockMax", Kind: Ignored, Since: "0.80", Deprecated: "0.93", ReplacedBy: "AlertExceedsMax"},
	{Name: "ArchiveLimitMemoryUsage", Kind: Ignored, Since: "0.60"},
	{Name: "ArchiveMaxCompressionRatio", Kind: Ignored, Since: "0.66", Deprecated: "0.93"},
	{Name: "ArchiveMaxFiles", Kind: Ignored, Deprecated: "0.93", ReplacedBy: "MaxFiles"},
	{Name: "ArchiveMaxRecursion", Kind: Ignored, Deprecated: "0.93", ReplacedBy: "MaxRecursion"},
	{Name: "ArchiveMaxScanSize", Kind: Ignored, ReplacedBy: "MaxScanSize"},
	{Name: "BlockMax", Kind: Bool, Deprecated: "0.101", ReplacedBy: "AlertExceedsMax"},
	{Name: "Bytecode", Kind: Bool, Default: "yes", Since: "0.96"},
	{Name: "BytecodeMode", Kind: Choice, Default: "Auto", Choices: []string{"Auto", "ForceJIT", "ForceInterpreter", "Test"}},
	{Name: "BytecodeSecurity", Kind: Choice, Default: "TrustSigned", Choices: []string{"TrustSigned", "Paranoid"}},
	{Name: "BytecodeTimeout", Kind: Number, Default: "10000"},
	{Name: "BytecodeUnsigned", Kind: Bool},
	{Name: "CacheSize", Kind: Number, Default: "65536", Since: "1.2"},
	{Name: "CommandReadTimeout", Kind: Number, Default: "30"},
	{Name: "ConcurrentDatabaseReload", Kind: Bool, Default: "yes", Since: "0.103"},
	{Name: "CrossFilesystems", Kind: Bool, Default: "yes"},
	{Name: "DatabaseDirectory", Kind: String, Default: "/var/lib/clamav"},
	{Name: "Debug", Kind: Bool, Since: "0.65"},
	{Name: "DetectBrokenExecutables", Kind: Ignored, Since: "0.80", Deprecated: "0.101", ReplacedBy: "AlertBrokenExecutables"},
	{Name: "DetectPUA", Kind: Bool, Since: "0.91.2"},
	{Name: "DevACDepth", Kind: Number},
	{Name: "DevACOnly", Kind: Bool},
	{Name: "DevLiblog", Kind: Bool},
	{Name: "DevPerformance", Kind: Bool},
	{Name: "DisableCache", Kind: Bool},
	{Name: "DisableCertCheck", Kind: Bool, Since: "0.98"},
	{Name: "ExcludePUA", Kind: List, Since: "0.94"},
	{Name: "ExcludePath", Kind: List},
	{Name: "ExitOnOOM", Kind: Bool, Since: "0.81"},
	{Name: "ExtendedDetectionInfo", Kind: Bool},
	{Name: "FailIfCvdOlderThan", Kind: Number, Since: "1.1"},
	{Name: "FixStaleSocket", Kind: Bool, Default: "yes", Since: "0.65"},
	{Name: "FollowDirectorySymlinks", Kind: Bool},
	{Name: "FollowFileSymlinks", Kind: Bool},
	{Name: "ForceToDisk", Kind: Bool},
	{Name: "Foreground", Kind: Bool},
	{Name: "GenerateMetadataJson", Kind: Bool, Since: "0.105"},
	{Name: "HeuristicAlerts", Kind: Bool, Default: "yes", Since: "0.101"},
	{Name: "HeuristicScanPrecedence", Kind: Bool, Since: "0.94"},
	{Name: "IdleTimeout", Kind: Number, Default: "30"},
	{Name: "IncludePUA", Kind: List, Since: "0.94"},
	{Name: "LeaveTemporaryFiles", Kind: Bool, Since: "0.71"},
	{Name: "LocalSocket", Kind: String},
	{Name: "LocalSocketGroup", Kind: String},
	{Name: "LocalSocketMode", Kind: String},
	{Name: "LogClean", Kind: Bool, Since: "0.66"},
	{Name: "LogFacility", Kind: String, Default: "LOG_LOCAL6", Since: "0.71"},
	{Name: "LogFile", Kind: String},
	{Name: "LogFileMaxSize", Kind: Size, Default: "1048576"},
	{Name: "LogFileUnlock", Kind: Bool},
	{Name: "LogRotate", Kind: Bool},
	{Name: "LogSyslog", Kind: Bool, Since: "0.60"},
	{Name: "LogTime", Kind: Bool, Since: "0.54"},
	{Name: "LogVerbose", Kind: Bool, Since: "0.54"},
	{Name: "MailFollowURLs", Kind: Ignored, Since: "0.80"},
	{Name: "MailMaxRecursion", Kind: Ignored, Deprecated: "0.93", ReplacedBy: "MaxRecursion"},
	{Name: "MaxConnectionQueueLength", Kind: Number, Default: "200"},
	{Name: "MaxDirectoryRecursion", Kind: Number, Default: "15"},
	{Name: "MaxEmbeddedPE", Kind: Size, Default: "41943040"},
	{Name: "MaxFileSize", Kind: Size, Default: "104857600", Since: "0.93"},
	{Name: "MaxFiles", Kind: Number, Default: "10000", Since: "0.93"},
	{Name: "MaxHTMLNoTags", Kind: Size, Default: "8388608"},
	{Name: "MaxHTMLNormalize", Kind: Size, Default: "41943040"},
	{Name: "MaxIconsPE", Kind: Number, Default: "100"},
	{Name: "MaxPartitions", Kind: Number, Default: "50"},
	{Name: "MaxQueue", Kind: Number, Default: "100"},
	{Name: "MaxRecHWP3", Kind: Number, Default: "16"},
	{Name: "MaxRecursion", Kind: Number, Default: "17", Since: "0.93"},
	{Name: "MaxScanSize", Kind: Size, Default: "419430400", Since: "0.93"},
	{Name: "MaxScanTime", Kind: Number, Since: "0.102"},
	{Name: "MaxScriptNormalize", Kind: Size, Default: "20971520"},
	{Name: "MaxThreads", Kind: Number, Default: "10"},
	{Name: "MaxZipTypeRcg", Kind: Size, Default: "1048576"},
	{Name: "OLE2BlockMacros", Kind: Bool, Deprecated: "0.101", ReplacedBy: "AlertOLE2Macros"},
	{Name: "OfficialDatabaseOnly", Kind: Bool},
	{Name: "OnAccessCurlTimeout", Kind: Number, Default: "5000"},
	{Name: "OnAccessDenyOnError", Kind: Bool},
	{Name: "OnAccessDisableDDD", Kind: Bool},
	{Name: "OnAccessExcludePath", Kind: List},
	{Name: "OnAccessExcludeRootUID", Kind: Bool},
	{Name: "OnAccessExcludeUID", Kind: NumberList},
	{Name: "OnAccessExcludeUname", Kind: List},
	{Name: "OnAccessExtraScanning", Kind: Bool},
	{Name: "OnAccessIncludePath", Kind: List},
	{Name: "OnAccessMaxFileSize", Kind: Size, Default: "5242880"},
	{Name: "OnAccessMaxThreads", Kind: Number, Default: "5"},
	{Name: "OnAccessMountPath", Kind: List},
	{Name: "OnAccessPrevention", Kind: Bool},
	{Name: "OnAccessRetryAttempts", Kind: Number},
	{Name: "PCREMatchLimit", Kind: Number, Default: "100000"},
	{Name: "PCREMaxFileSize", Kind: Size, Default: "104857600"},
	{Name: "PCRERecMatchLimit", Kind: Number, Default: "2000"},
	{Name: "PartitionIntersection", Kind: Bool, Deprecated: "0.101", ReplacedBy: "AlertPartitionIntersection"},
	{Name: "PhishingAlwaysBlockCloak", Kind: Bool, Since: "0.90", Deprecated: "0.101", ReplacedBy: "AlertPhishingCloak"},
	{Name: "PhishingAlwaysBlockSSLMismatch", Kind: Bool, Since: "0.90", Deprecated: "0.101", ReplacedBy: "AlertPhishingSSLMismatch"},
	{Name: "PhishingScanURLs", Kind: Bool, Default: "yes", Since: "0.90"},
	{Name: "PhishingSignatures", Kind: Bool, Default: "yes", Since: "0.90"},
	{Name: "PidFile", Kind: String},
	{Name: "PreludeAnalyzerName", Kind: String},
	{Name: "PreludeEnable", Kind: Bool},
	{Name: "ReadTimeout", Kind: Number, Default: "120", Since: "0.70"},
	{Name: "ScanArchive", Kind: Bool, Default: "yes"},
	{Name: "ScanELF", Kind: Bool, Default: "yes", Since: "0.90"},
	{Name: "ScanHTML", Kind: Bool, Default: "yes", Since: "0.80"},
	{Name: "ScanHWP3", Kind: Bool, Default: "yes"},
	{Name: "ScanImage", Kind: Bool, Default: "yes", Since: "1.4"},
	{Name: "ScanImageFuzzyHash", Kind: Bool, Default: "yes", Since: "1.4"},
	{Name: "ScanMail", Kind: Bool, Default: "yes", Since: "0.60"},
	{Name: "ScanOLE2", Kind: Bool, Default: "yes"},
	{Name: "ScanOnAccess", Kind: Ignored, Deprecated: "0.102"},
	{Name: "ScanOneNote", Kind: Bool, Default: "yes", Since: "1.3"},
	{Name: "ScanPDF", Kind: Bool, Default: "yes"},
	{Name: "ScanPE", Kind: Bool, Default: "yes", Since: "0.80"},
	{Name: "ScanPartialMessages", Kind: Bool},
	{Name: "ScanSWF", Kind: Bool, Default: "yes"},
	{Name: "ScanXMLDOCS", Kind: Bool, Default: "yes"},
	{Name: "SelfCheck", Kind: Number, Default: "600", Since: "0.52"},
	{Name: "SendBufTimeout", Kind: Number, Default: "500"},
	{Name: "StreamMaxLength", Kind: Size, Default: "104857600", Since: "0.60"},
	{Name: "StreamMaxPort", Kind: Number, Default: "2048", Since: "0.81"},
	{Name: "StreamMinPort", Kind: Number, Default: "1024", Since: "0.81"},
	{Name: "StructuredCCOnly", Kind: Bool},
	{Name: "StructuredDataDetection", Kind: Bool, Since: "0.94"},
	{Name: "StructuredMinCreditCardCount", Kind: Number, Default: "3"},
	{Name: "StructuredMinSSNCount", Kind: Number, Default: "3"},
	{Name: "StructuredSSNFormatNormal", Kind: Bool, Default: "yes"},
	{Name: "StructuredSSNFormatStripped", Kind: Bool},
	{Name: "TCPAddr", Kind: List, Since: "0.65"},
	{Name: "TCPSocket", Kind: Number},
	{Name: "TemporaryDirectory", Kind: String, Since: "0.66"},
	{Name: "User", Kind: String},
	{Name: "VirusEvent", Kind: String, Since: "0.65"},
}

// gone is what was found in real files and what clamd 1.4 refuses.
var gone = []Option{
	{Name: "ArchiveDetectEncrypted", Kind: Gone, ReplacedBy: "AlertEncrypted"},
	{Name: "ArchiveMaxFileSize", Kind: Gone, Removed: "0.93", ReplacedBy: "MaxFileSize"},
	{Name: "ClamukoExcludePath", Kind: Gone, Removed: "0.98", ReplacedBy: "OnAccessExcludePath"},
	{Name: "ClamukoExcludeUID", Kind: Gone, Removed: "0.98", ReplacedBy: "OnAccessExcludeUID"},
	{Name: "ClamukoIncludePath", Kind: Gone, Removed: "0.98", ReplacedBy: "OnAccessIncludePath"},
	{Name: "ClamukoMaxFileSize", Kind: Gone, Removed: "0.98", ReplacedBy: "OnAccessMaxFileSize"},
	{Name: "ClamukoScanArchive", Kind: Gone, Removed: "0.98"},
	{Name: "ClamukoScanOnAccess", Kind: Gone, Removed: "0.98"},
	{Name: "ClamukoScanOnClose", Kind: Gone, Removed: "0.98"},
	{Name: "ClamukoScanOnExec", Kind: Gone, Removed: "0.98"},
	{Name: "ClamukoScanOnLine", Kind: Gone, Removed: "0.98"},
	{Name: "ClamukoScanOnOpen", Kind: Gone, Removed: "0.98"},
	{Name: "ClamukoScannerCount", Kind: Gone, Removed: "0.98"},
	{Name: "DataDirectory", Kind: Gone, ReplacedBy: "DatabaseDirectory"},
	{Name: "DisableDefaultScanOptions", Kind: Gone, Removed: "0.90"},
	{Name: "NodalCoreAcceleration", Kind: Gone, Since: "0.90"},
	{Name: "PhishingRestrictedScan", Kind: Gone, Since: "0.90"},
	{Name: "ScanRAR", Kind: Gone, Since: "0.65", ReplacedBy: "ScanArchive"},
	{Name: "StatsEnabled", Kind: Gone, Since: "0.98.2"},
	{Name: "StatsHostID", Kind: Gone, Since: "0.98.2"},
	{Name: "StatsPEDisabled", Kind: Gone, Since: "0.98.2"},
	{Name: "StatsTimeout", Kind: Gone, Since: "0.98.2"},
	{Name: "StreamSaveToDisk", Kind: Gone, Since: "0.60"},
	{Name: "ThreadTimeout", Kind: Gone, Removed: "0.70", ReplacedBy: "ReadTimeout"},
}

// elsewhere names the options of ClamAV's other files that clamd does not know.
var elsewhere = map[string][]string{
	"freshclam.conf": {
		"Checks", "CompressLocalDatabase", "ConnectTimeout", "DNSDatabaseInfo", "DatabaseCustomURL", "DatabaseMirror", "DatabaseOwner",
		"ExcludeDatabase", "ExtraDatabase", "HTTPProxyPassword", "HTTPProxyPort", "HTTPProxyServer", "HTTPProxyUsername", "HTTPUserAgent",
		"LocalIPAddress", "MaxAttempts", "NotifyClamd", "OnErrorExecute", "OnOutdatedExecute", "OnUpdateExecute", "PrivateMirror",
		"ReceiveTimeout", "ScriptedUpdates", "TestDatabases", "UpdateLogFile",
	},
	"clamav-milter.conf": {
		"AddHeader", "AllowList", "Chroot", "ClamdSocket", "LocalNet", "LogInfected", "MilterSocket", "MilterSocketGroup", "MilterSocketMode",
		"OnClean", "OnFail", "OnInfected", "RejectMsg", "ReportHostname", "SkipAuthenticated", "SupportMultipleRecipients", "VirusAction", "Whitelist",
	},
}
