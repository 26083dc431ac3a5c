package rules

import (
	"mavis/perlconf/eval"
	"mavis/rules/lookup"
)

// implied are the fields of databases that stand before a list of tables without being written there, when a database
// is configured and $lookup_maps_imply_sql_and_ldap is true (README.sql, README.ldap).
var implied = []struct{ list, sql, ldap, kind string }{
	{"local_domains_maps", "local", "amavisLocal", "B1"},
	{"virus_lovers_maps", "virus_lover", "amavisVirusLover", "B-"},
	{"spam_lovers_maps", "spam_lover", "amavisSpamLover", "B-"},
	{"unchecked_lovers_maps", "unchecked_lover", "amavisUncheckedLover", "B-"},
	{"banned_files_lovers_maps", "banned_files_lover", "amavisBannedFilesLover", "B-"},
	{"bad_header_lovers_maps", "bad_header_lover", "amavisBadHeaderLover", "B-"},
	{"bypass_virus_checks_maps", "bypass_virus_checks", "amavisBypassVirusChecks", "B-"},
	{"bypass_spam_checks_maps", "bypass_spam_checks", "amavisBypassSpamChecks", "B-"},
	{"bypass_banned_checks_maps", "bypass_banned_checks", "amavisBypassBannedChecks", "B-"},
	{"bypass_header_checks_maps", "bypass_header_checks", "amavisBypassHeaderChecks", "B-"},
	{"spam_tag_level_maps", "spam_tag_level", "amavisSpamTagLevel", "N-"},
	{"spam_tag2_level_maps", "spam_tag2_level", "amavisSpamTag2Level", "N-"},
	{"spam_tag3_level_maps", "spam_tag3_level", "amavisSpamTag3Level", "N-"},
	{"spam_kill_level_maps", "spam_kill_level", "amavisSpamKillLevel", "N-"},
	{"spam_dsn_cutoff_level_maps", "spam_dsn_cutoff_level", "amavisSpamDsnCutoffLevel", "N-"},
	{"spam_quarantine_cutoff_level_maps", "spam_quarantine_cutoff_level", "amavisSpamQuarantineCutoffLevel", "N-"},
	{"spam_subject_tag_maps", "spam_subject_tag", "amavisSpamSubjectTag", "S-"},
	{"spam_subject_tag2_maps", "spam_subject_tag2", "amavisSpamSubjectTag2", "S-"},
	{"spam_subject_tag3_maps", "spam_subject_tag3", "amavisSpamSubjectTag3", "S-"},
	{"virus_quarantine_to_maps", "virus_quarantine_to", "amavisVirusQuarantineTo", "S-"},
	{"spam_quarantine_to_maps", "spam_quarantine_to", "amavisSpamQuarantineTo", "S-"},
	{"banned_quarantine_to_maps", "banned_quarantine_to", "amavisBannedQuarantineTo", "S-"},
	{"unchecked_quarantine_to_maps", "unchecked_quarantine_to", "amavisUncheckedQuarantineTo", "S-"},
	{"bad_header_quarantine_to_maps", "bad_header_quarantine_to", "amavisBadHeaderQuarantineTo", "S-"},
	{"clean_quarantine_to_maps", "clean_quarantine_to", "amavisCleanQuarantineTo", "S-"},
	{"archive_quarantine_to_maps", "archive_quarantine_to", "amavisArchiveQuarantineTo", "S-"},
	{"message_size_limit_maps", "message_size_limit", "amavisMessageSizeLimit", "N-"},
	{"addr_extension_virus_maps", "addr_extension_virus", "amavisAddrExtensionVirus", "S-"},
	{"addr_extension_spam_maps", "addr_extension_spam", "amavisAddrExtensionSpam", "S-"},
	{"addr_extension_banned_maps", "addr_extension_banned", "amavisAddrExtensionBanned", "S-"},
	{"addr_extension_bad_header_maps", "addr_extension_bad_header", "amavisAddrExtensionBadHeader", "S-"},
	{"warnvirusrecip_maps", "warnvirusrecip", "amavisWarnVirusRecip", "B-"},
	{"warnbannedrecip_maps", "warnbannedrecip", "amavisWarnBannedRecip", "B-"},
	{"warnbadhrecip_maps", "warnbadhrecip", "amavisWarnBadHeaderRecip", "B-"},
	{"newvirus_admin_maps", "newvirus_admin", "amavisNewVirusAdmin", "S-"},
	{"virus_admin_maps", "virus_admin", "amavisVirusAdmin", "S-"},
	{"spam_admin_maps", "spam_admin", "amavisSpamAdmin", "S-"},
	{"banned_admin_maps", "banned_admin", "amavisBannedAdmin", "S-"},
	{"bad_header_admin_maps", "bad_header_admin", "amavisBadHeaderAdmin", "S-"},
	{"banned_filename_maps", "banned_rulenames", "amavisBannedRuleNames", "S-"},
	{"disclaimer_options_bysender_maps", "disclaimer_options", "amavisDisclaimerOptions", "S-"},
	{"forward_method_maps", "forward_method", "amavisForwardMethod", "S-"},
	{"sa_userconf_maps", "sa_userconf", "amavisSaUserConf", "S-"},
	{"sa_username_maps", "sa_username", "amavisSaUserName", "S-"},
}

// imply puts the fields before the lists of the built-in bank; a list that a policy bank brings itself has none.
func (b *binder) imply() {
	if !b.bool("lookup_maps_imply_sql_and_ldap") {
		return
	}
	sql, ldap := len(b.cfg.LookupSQL) > 0, b.anyLDAP()
	if !sql && !ldap {
		return
	}
	for _, f := range implied {
		var fields []*lookup.Field
		if sql {
			fields = append(fields, &lookup.Field{Kind: lookup.SQL, Name: f.sql, Type: f.kind})
		}
		if ldap {
			fields = append(fields, &lookup.Field{Kind: lookup.LDAP, Name: f.ldap, Type: f.kind})
		}
		if list := b.src.Array(f.list); list != nil {
			b.cfg.compiler.Imply(list, fields...)
		}
	}
}

// anyLDAP says whether some policy uses LDAP.
func (b *binder) anyLDAP() bool {
	if eval.ToBool(b.cfg.base.c("enable_ldap")) {
		return true
	}
	for _, h := range b.cfg.banks {
		if eval.ToBool(deref(h.Get("enable_ldap"))) {
			return true
		}
	}
	return false
}
