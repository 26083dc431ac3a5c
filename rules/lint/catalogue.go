package lint

import (
	"sort"
	"strings"
)

// Rules gives every code, sorted.
func Rules() []Rule {
	var all []Rule
	for _, family := range []func() []Rule{
		perlRules, variableRules, regexpRules,
		lookupRules, bankRules, scannerRules, deliveryRules, quarantineRules, crossRules, vulnerabilityRules,
		toldByParser, toldByEvaluator, toldByLoading, toldByBinding, toldByDaemon, toldByClamd, toldByPostfix, toldByYAML,
	} {
		all = append(all, family()...)
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].Code < all[j].Code })
	return all
}

// perlRules are about Perl itself: what a config says without meaning it.
func perlRules() []Rule {
	return []Rule{singleQuotes(), lostAt(), lostReference(), lostNewline(), webText(), duplicateKey()}
}

// variableRules are about amavisd's variables and their values.
func variableRules() []Rule {
	return []Rule{falseText(), bareWord(), neverRead(), overwritten(), textInMaps(), oldName()}
}

// regexpRules are about patterns.
func regexpRules() []Rule { return []Rule{lostInPattern(), oneLine(), neverMatches(), blowup()} }

// lookupRules are about lookup tables.
func lookupRules() []Rule {
	return []Rule{deadEntry(), noLeadingDot(), allLocal(), oddKey(), ownDomainForeign()}
}

// bankRules are about policy banks.
func bankRules() []Rule {
	return []Rule{bankUnreachable(), portUnheard(), ownUnscanned(), mapBankUndefined()}
}

// scannerRules are about virus scanners, decoders and spam scanners.
func scannerRules() []Rule {
	return []Rule{programGone(), scannerTwice(), backupSame(), scannersBypassed(), scannerSocketAbsent()}
}

// deliveryRules are about what becomes of mail.
func deliveryRules() []Rule {
	return []Rule{levelsOutOfOrder(), mailLoop(), rejectBehindQueue(), virusBounce(), spamBounce(), shortHostname(), noDomain(),
		folderAbsent(), userAbsent()}
}

// quarantineRules are about mail held.
func quarantineRules() []Rule {
	return []Rule{sqlQuarantine(), noQuarantineFolder(), halfQuarantine(), discardedWithoutCopy()}
}

// crossRules compare the configuration with other files.
func crossRules() []Rule {
	return []Rule{filterPort(), filterTransport(), filterProcesses(), reinjection(), reinjectionFiltered(), addressMappings(),
		xforward(), filterTimeout(), clamdSocket(), clamdUser(), clamdScanMail(), clamdLimits(), clamdThreads()}
}

// vulnerabilityRules are about known vulnerabilities left open.
func vulnerabilityRules() []Rule {
	return []Rule{ambiguousMail(), cpioWithoutPax(), unsafeDecoder()}
}

// Find gives the rule of a code, in any case of letters.
func Find(code string) (Rule, bool) {
	for _, r := range Rules() {
		if strings.EqualFold(r.Code, code) || strings.EqualFold(r.Name, code) {
			return r, true
		}
	}
	return Rule{}, false
}

// Summaries gives the one line of each code.
func Summaries() map[string]string {
	out := map[string]string{}
	for _, r := range Rules() {
		out[r.Code] = r.Summary
	}
	return out
}

// Families names the families of codes by their letter.
func Families() map[byte]string {
	return map[byte]string{'P': "Perl", 'V': "variables", 'L': "lookups and loading", 'B': "policy banks", 'S': "scanners and decoders",
		'R': "regular expressions", 'D': "delivery and this version", 'Q': "quarantine", 'X': "across files",
		'C': "known vulnerabilities", 'K': "clamd.conf and Postfix's files", 'Y': "YAML"}
}
