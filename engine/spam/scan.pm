# A SpamAssassin plugin for the spamd that Mavis starts for itself. The first header field of a message to be scanned
# carries attributes; it is taken away before rules see the message. The answer to the command REPORT is then no text
# for people but lines of a name and a value in base64: all that a program embedding SpamAssassin could ask for.
package Mavis::Scan;
use strict;
use warnings;
use Mail::SpamAssassin ();
use Mail::SpamAssassin::Plugin ();
use MIME::Base64 qw(encode_base64);

our @ISA = ('Mail::SpamAssassin::Plugin');

# The name of the field cannot be guessed by a sender.
my $field = 'X-Mavis-Scan-' . ($ENV{MAVIS_SCAN_KEY} || die "Mavis::Scan: no key\n");
my @tags = qw(VERSION SUBVERSION RULESVERSION TESTS TESTSSCORES ADDEDHEADERHAM ADDEDHEADERSPAM AUTOLEARN AUTOLEARNSCORE
  SC SCRULE SCTYPE LANGUAGES RELAYCOUNTRY ASN ASNCIDR DCCB DCCR DCCREP DKIMDOMAIN DKIMIDENTITY AWLSIGNERMEAN HAMMYTOKENS
  SPAMMYTOKENS SUBJPREFIX CRM114STATUS CRM114SCORE CRM114CACHEID);

# spamd copies its whole configuration back after every message; that is only needed when a message changed it.
my $changed = 1;
{
  no warnings 'redefine';
  my $copy = \&Mail::SpamAssassin::copy_config;
  *Mail::SpamAssassin::copy_config = sub {
    my ($main, $from) = @_;
    return 1 if defined $from && !$changed;
    $changed = 0 if defined $from;
    goto &$copy;
  };
}

sub new {
  my ($class, $main) = @_;
  my $self = $class->SUPER::new($main);
  $main->{needed_tags}{$_} = 1 for qw(TIMING LANGUAGES RELAYCOUNTRY ASN ASNCIDR);
  $main->timer_enable;
  return $self;
}

sub decoded {
  my ($v) = @_;
  $v =~ s/%([0-9A-F]{2})/chr(hex($1))/ge;
  return $v;
}

# spamd takes HOME away; users' files are looked for there
sub spamd_child_init {
  my ($home) = ($ENV{MAVIS_SCAN_HOME} // '') =~ /\A(.+)\z/s;
  $ENV{HOME} = $home if defined $home;
}

# attributes of a message; undef when it is not from us
sub attributes {
  my ($msg) = @_;
  $msg->{pristine_headers} =~ s/\A\Q$field\E: ([^\n]*)\n// or return;
  my %a = map { my ($k, $v) = split(/=/, $_, 2); ($k, decoded($v)) } split(/ /, $1);
  $msg->{pristine_msg} =~ s/\A[^\n]*\n//;
  my $name = lc $field; # delete_header of the message keeps the first pattern it was ever given
  delete $msg->{headers}{$name};
  delete $msg->{raw_headers}{$name};
  $msg->{header_order} = [ grep { lc($_) ne $name } @{$msg->{header_order}} ];
  return \%a;
}

sub check_start {
  my ($self, $opts) = @_;
  my $pms = $opts->{permsgstatus};
  my ($main, $msg) = ($pms->{main}, $pms->{msg});
  my $a = attributes($msg) or return;
  $pms->{mavis} = $a;
  $main->timer_reset;
  $msg->{suppl_attrib} = { originating => $a->{originating}, return_path => $a->{return_path}, message_size => $a->{message_size},
    body_size => $a->{body_size}, recipients => [ map(decoded($_), split(/,/, $a->{recipients} // '')) ], amavis_policy_bank_path => $a->{policy_bank},
    rule_hits => [ !defined $a->{truncated} ? () : { rule => '__TRUNCATED', score => -0.1, area => 'RAW: ', tflags => 'nice',
      descr => "Message size truncated to $a->{truncated} B" } ] };
  $msg->{pristine_body_length} = $a->{body_size};
  $msg->{mimepart_digests} = [ map(decoded($_), split(/,/, $a->{digests})) ] if defined $a->{digests};
  $pms->{master_deadline} = $a->{deadline} if defined $a->{deadline};
  $pms->{disable_auto_learning} = 1 if $a->{trial};
  my ($user, $conf) = @$a{qw(user conf)};
  if (defined $conf) {
    $changed = 1;
    if ($conf =~ /^sql:(.*)/is) { $main->load_scoreonly_sql($1) }
    elsif ($conf =~ /^ldap:(.*)/is) { $main->load_scoreonly_ldap($1) }
    else { $main->read_scoreonly_config($conf) }
  }
  # without a user's name: whom spamd runs as
  $self->{first} = $main->{username} if !defined $self->{first};
  $self->{last} = $self->{first} if !defined $self->{last};
  $user = $self->{first} if !defined $user;
  if ($user ne $self->{last} || $user ne $self->{first}) {
    $changed = 1;
    $main->signal_user_changed({ username => $user });
    $self->{last} = $user;
  }
}

sub check_end {
  my ($self, $opts) = @_;
  my $pms = $opts->{permsgstatus};
  return if !$pms->{mavis};
  my @out = ([ SCORE => $pms->get_score ], [ REQUIRED => $pms->get_required_score ]);
  push(@out, [ $_ => scalar $pms->get_tag($_) ]) for @tags;
  push(@out, [ SUMMARY => $pms->get_report ], [ REPORT => scalar $pms->get_tag('REPORT') ], [ TIMING => scalar $pms->get_tag('TIMING') ]);
  my $text = "MAVIS 1\n";
  for (@out) {
    my ($k, $v) = @$_;
    next if !defined $v;
    utf8::encode($v) if utf8::is_utf8($v);
    $text .= "$k " . encode_base64($v, '') . "\n";
  }
  $pms->{report} = $text . "END\n"; # what spamd sends as the report
}

1;
