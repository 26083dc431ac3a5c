package load

import "strings"

// hooked says that subs in a package would be called by the original or by a library of it, such as those of
// Amavis::Custom: such code cannot run here. Subs in a package of the site's own are called by the files alone.
func hooked(pkg string) bool {
	first, _, _ := strings.Cut(pkg, "::")
	switch first {
	case "Amavis", "Archive", "BerkeleyDB", "Compress", "Convert", "CORE", "Crypt", "DB_File", "DBD", "DBI", "Digest", "Encode",
		"File", "IO", "IP", "Mail", "MIME", "Net", "NetAddr", "POSIX", "Razor2", "Redis", "SAVI", "Socket", "Storable", "Sys",
		"Time", "UNIVERSAL", "Unix", "URI", "ZMQ":
		return true
	}
	return false
}
