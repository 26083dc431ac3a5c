package syntax

// class says how a word takes its arguments.
type class byte

const (
	classNone   class = iota
	classZero         // no arguments: time
	classUnary        // one argument, binds tighter than comparison: lc
	classUnaryD       // the same, but `//` after it is the operator: shift
	classList         // the rest of the list: join
	classHandle       // print: may begin with a file handle
	classBlock        // map, grep
	classSort         // sort
	classConst        // a sub with an empty prototype
	classSubU         // a sub with a prototype of one scalar
	classSubL         // a sub that was declared
)

func wordsOf(s string) []string {
	var out []string
	for i := 0; i < len(s); {
		for i < len(s) && isSpace(s[i]) {
			i++
		}
		b := i
		for i < len(s) && !isSpace(s[i]) {
			i++
		}
		if i > b {
			out = append(out, s[b:i])
		}
	}
	return out
}

var builtins = func() map[string]class {
	m := map[string]class{}
	for c, list := range map[class]string{
		classZero: `time times wait wantarray fork getppid getlogin getpwent getgrent gethostent getnetent getprotoent
			getservent endpwent endgrent endhostent endnetent endprotoent endservent setpwent setgrent`,
		classUnary: `abs alarm caller chdir chomp chop chr chroot close closedir cos dbmclose defined delete each eof exists
			exit exp fileno getpeername getpgrp getsockname gethostbyname getnetbyname getprotobyname getprotobynumber
			getpwnam getpwuid getgrnam getgrgid gmtime hex int keys lc lcfirst length localtime lock log lstat oct ord
			quotemeta rand readdir readpipe ref require reset rewinddir rmdir scalar sethostent setnetent setprotoent
			setservent sin sleep sqrt srand stat study tell telldir tied uc ucfirst untie values write fc evalbytes`,
		classUnaryD: `getc pop pos readline readlink shift umask undef`,
		classList: `accept atan2 bind binmode bless chmod chown connect crypt dbmopen die fcntl flock formline gethostbyaddr
			getnetbyaddr getpriority getservbyname getservbyport glob index ioctl join kill link listen mkdir msgctl msgget
			msgrcv msgsnd open opendir pack pipe push read recv rename reverse rindex seek seekdir select semctl semget
			semop send setpgrp setpriority setsockopt shmctl shmget shmread shmwrite shutdown socket socketpair splice
			split sprintf substr symlink syscall sysopen sysread sysseek syswrite tie truncate unlink unpack unshift
			utime vec waitpid warn`,
		classHandle: `print printf say system exec`,
		classBlock:  `map grep`,
		classSort:   `sort`,
	} {
		for _, w := range wordsOf(list) {
			m[w] = c
		}
	}
	return m
}()

// needFeature names words that are Perl words only after `use feature` or `use v5.x`.
var needFeature = map[string]string{"say": "say", "fc": "fc", "evalbytes": "evalbytes", "state": "state"}

// reserved are words that are neither class names nor indirect objects, beside the builtins.
var reserved = func() map[string]bool {
	m := map[string]bool{}
	for _, w := range wordsOf(`if unless while until for foreach else elsif and or not xor eq ne lt gt le ge cmp x q qq qw qx
		qr m s tr y my our local sub do eval return next last redo goto use no package require print map grep sort
		__FILE__ __LINE__ __PACKAGE__ __END__ __DATA__ __SUB__ continue BEGIN END dump format`) {
		m[w] = true
	}
	return m
}()

var wordOps = map[string]bool{"x": true, "eq": true, "ne": true, "lt": true, "gt": true, "le": true, "ge": true,
	"cmp": true, "and": true, "or": true, "xor": true, "isa": true}

var modifiers = map[string]bool{"if": true, "unless": true, "while": true, "until": true, "for": true, "foreach": true}

const fileTests = "rwxoRWXOezsfdlpSugktTBAMCbc"

// featureBundle gives the features of `use v5.N`.
func featureBundle(minor int) []string {
	var f []string
	if minor >= 10 {
		f = append(f, "say", "state")
		if minor < 35 {
			f = append(f, "switch")
		}
	}
	if minor >= 15 {
		f = append(f, "fc", "evalbytes", "current_sub")
	}
	if minor >= 23 {
		f = append(f, "postderef_qq")
	}
	if minor >= 35 {
		f = append(f, "isa", "signatures")
	}
	return f
}
