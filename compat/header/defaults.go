package header

import "strings"

// DefaultAllowed is %allowed_added_header_fields by default; $X_HEADER_TAG is added to it.
func DefaultAllowed(field string) bool {
	switch strings.ToLower(field) {
	case "received", "dkim-signature", "authentication-results", "vbr-info", "x-quarantine-id", "x-amavis-alert",
		"x-amavis-hold", "x-amavis-modified", "x-amavis-penpals", "x-amavis-os-fingerprint", "x-amavis-policybank",
		"x-spam-status", "x-spam-level", "x-spam-flag", "x-spam-score", "x-spam-tests", "x-crm114-status",
		"x-crm114-cacheid", "x-crm114-notice", "x-crm114-action", "x-dspam-result", "x-dspam-class", "x-dspam-signature",
		"x-dspam-processed", "x-dspam-confidence", "x-dspam-probability", "x-dspam-user", "x-dspam-factors", "x-bogosity":
		return true
	}
	return false
}

// DefaultPreferred is %prefer_our_added_header_fields by default.
func DefaultPreferred(field string) bool {
	switch strings.ToLower(field) {
	case "x-spam-status", "x-spam-level", "x-spam-flag", "x-spam-score", "x-spam-report", "x-spam-checker-version",
		"x-crm114-status", "x-crm114-cacheid", "x-dspam-result", "x-dspam-signature":
		return true
	}
	return false
}
