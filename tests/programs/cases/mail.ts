/**
 * Mail, news of the system, chat, telephones.
 *
 * @module
 */
import { bothWays, type Case, type Exchange } from "../case.ts";

const EXIM: Exchange = {
  serve: "sh -c 'mkdir -p /run/exim4; exec {} exim4 -C $D/exim.conf -bdf'",
  port: 2525,
  ask: "swaks --server $SERVER --port 2525 --from a@client.test --to root@server.test -h client",
  sees: /250 OK id=/,
  prepare: "chmod a+rwx $D",
  files: {
    "exim.conf": `local_interfaces = $SERVER.2525\nprimary_hostname = server.test
spool_directory = $D/spool\nlog_file_path = $D/%slog\nexim_user = Debian-exim
exim_group = Debian-exim\nacl_smtp_rcpt = accept\nhost_lookup =\nrfc1413_query_timeout = 0s
keep_environment =\ntls_advertise_hosts =\nbegin routers\nall:\n  driver = accept
  transport = null\nbegin transports\nnull:\n  driver = appendfile\n  file = /dev/null\n`,
  },
};

const DOVECOT: Exchange = {
  serve: "dovecot -F -c $D/dovecot.conf",
  port: 1430,
  ask: `sh -c "printf 'a login user word\\r\\nb list \\"\\" *\\r\\nc logout\\r\\n' | ` +
    `nc.openbsd -q 3 -w 3 $SERVER 1430"`,
  sees: /a OK .*[^]*INBOX/,
  prepare: "mkdir $D/mail && chmod a+rwx $D $D/mail",
  files: {
    users: "user:{PLAIN}word:65534:65534::$D/mail\n",
    "dovecot.conf": `protocols = imap\nlisten = $SERVER\nbase_dir = $D/run\nssl = no
disable_plaintext_auth = no\nlog_path = /dev/stderr\nmail_location = maildir:$D/mail
first_valid_uid = 1\nfirst_valid_gid = 1\nservice imap-login {\n  inet_listener imap {
    port = 1430\n  }\n  inet_listener imaps {\n    port = 0\n  }\n}
passdb {\n  driver = passwd-file\n  args = $D/users\n}
userdb {\n  driver = passwd-file\n  args = $D/users\n}\n`,
  },
};

/** Takes one mail and says OK. */
const SINK = `import smtpd, asyncore, sys, warnings
class Sink(smtpd.SMTPServer):
    def process_message(self, *message, **more): pass
Sink((sys.argv[1], 2525), None)
asyncore.loop()
`;

const RSYSLOG = `module(load="imtcp") module(load="imudp")
input(type="imtcp" port="5140" address="$SERVER") input(type="imudp" port="5140" address="$SERVER")
action(type="omfile" file="$D/log")
`;

const RSYSLOG_CLIENT = `module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="$D/socket")
action(type="omfwd" target="$SERVER" port="5140" protocol="tcp")
`;

const LOGGED = "logger -n $SERVER -P 5140";

const NGIRCD = `[Global]\nName = irc.test\nInfo = x\nListen = $SERVER\nPorts = 6667
ServerUID = irc\nServerGID = irc\nMotdPhrase = hello\n[Options]\nDNS = no\nIdent = no\nPAM = no
SyslogFacility = local0\n`;

const SNMPD: Exchange = {
  serve: "snmpd -f -Lo -C -c $D/snmpd.conf -p $D/pid udp:$SERVER:1610",
  port: 1610,
  ask: "snmpget -v 2c -c public $SERVER:1610 .1.3.6.1.2.1.1.6.0",
  sees: "the cellar",
  files: { "snmpd.conf": "rocommunity public\nsysLocation the cellar\n" },
};

export const MAIL: readonly Case[] = [
  { name: "exim4", packages: "exim4-daemon-light swaks", program: "exim4", server: EXIM },
  { name: "swaks (Perl)", packages: "swaks exim4-daemon-light", program: "swaks", client: EXIM },
  { name: "dovecot", packages: "dovecot-imapd", program: "dovecot", server: DOVECOT },
  {
    name: "fetchmail",
    packages: "fetchmail dovecot-imapd",
    program: "fetchmail",
    client: {
      ...DOVECOT,
      ask: "sh -c 'export FETCHMAILHOME=$D; chmod 600 $D/fetchmailrc; chown root $D/fetchmailrc; " +
        "{} fetchmail -v -f $D/fetchmailrc --pidfile $D/fetch.pid'",
      sees: /No mail for user/i,
      files: {
        ...DOVECOT.files,
        fetchmailrc: "poll $SERVER protocol imap port 1430 auth password " +
          "user user password word sslproto ''\n",
      },
    },
  },
  {
    name: "msmtp",
    packages: "msmtp",
    program: "msmtp",
    client: {
      serve: "python3 sink.py $SERVER",
      port: 2525,
      ask: "sh -c 'echo words | {} msmtp -v --host=$SERVER --port=2525 --from=a@b.test c@d.test'",
      sees: /250 OK[^]*221/,
      files: { "sink.py": SINK },
    },
  },
  {
    name: "rsyslog",
    packages: "rsyslog",
    program: "rsyslogd",
    server: {
      serve: "rsyslogd -n -i $D/pid -f $D/server.conf",
      ask: `sh -c '${LOGGED} -T one-by-tcp; ${LOGGED} -d two-by-udp; sleep 1; cat $D/log'`,
      sees: /one-by-tcp[^]*two-by-udp/,
      files: { "server.conf": RSYSLOG },
    },
    client: {
      serve: "rsyslogd -n -i $D/pid -f $D/server.conf",
      port: 5140,
      ask: "sh -c '{} rsyslogd -n -i $D/pid2 -f $D/client.conf & " +
        "sleep 4; logger -u $D/socket forwarded; sleep 2; kill $!; wait; cat $D/log'",
      sees: "forwarded",
      files: { "server.conf": RSYSLOG, "client.conf": RSYSLOG_CLIENT },
    },
  },
  {
    name: "logger",
    packages: "bsdutils rsyslog",
    program: "logger",
    client: {
      serve: "rsyslogd -n -i $D/pid -f $D/server.conf",
      port: 5140,
      ask: `sh -c '{} ${LOGGED} -d two-by-udp; {} ${LOGGED} -T one-by-tcp; sleep 1; cat $D/log'`,
      sees: /two-by-udp[^]*one-by-tcp/,
      files: { "server.conf": RSYSLOG },
    },
  },
  {
    name: "ngircd",
    packages: "ngircd",
    program: "ngircd",
    server: {
      serve: "ngircd -n -f $D/ngircd.conf",
      ask: `sh -c "printf 'NICK a\\r\\nUSER a a a a\\r\\n' | nc.openbsd -q 2 -w 3 $SERVER 6667"`,
      sees: " 001 a ",
      files: { "ngircd.conf": NGIRCD },
    },
  },
  { name: "snmpd", packages: "snmpd snmp", program: "snmpd", server: SNMPD },
  { name: "snmp (snmpget)", packages: "snmp snmpd", program: "snmpget", client: SNMPD },
  {
    name: "snmptrapd",
    packages: "snmptrapd snmp",
    program: "snmptrapd",
    server: {
      serve: "sh -c 'exec {} snmptrapd -f -On -Lf $D/log -C -c $D/trap.conf udp:$SERVER:1620'",
      ask: "sh -c 'snmptrap -v 2c -c public $SERVER:1620 0 .1.3.6.1.4.1.8072.9999 " +
        ".1.3.6.1.4.1.8072.9999.1 s alarm; sleep 1; cat $D/log'",
      sees: "alarm",
      files: { "trap.conf": "disableAuthorization yes\n" },
    },
  },
  {
    name: "sipp",
    packages: "sip-tester",
    program: "sipp",
    ...bothWays({
      serve: "sipp -sn uas -i $SERVER -p 5060 -nostdin",
      port: 5060,
      ask: "sipp -sn uac -i $CLIENT -p 5061 -m 3 -r 10 -d 100 -nostdin $SERVER:5060",
      sees: /Successful call +\| +0 +\| +3/,
    }),
  },
  {
    name: "ffmpeg",
    packages: "ffmpeg",
    program: "ffmpeg",
    ...bothWays({
      serve: "ffmpeg -v error -listen 1 -f mpegts -i http://$SERVER:8092 -f null -",
      port: 8092,
      ask: "ffmpeg -v info -f lavfi -i testsrc=d=1 -f mpegts http://$SERVER:8092",
      sees: /video:\d+kB/,
      askSec: 30,
    }),
  },
  {
    name: "ffmpeg, RTP",
    packages: "ffmpeg",
    program: "ffmpeg",
    client: {
      serve: "sleep 60",
      ask: "ffmpeg -v info -f lavfi -i testsrc=d=1 -f rtp rtp://$SERVER:5004",
      sees: /video:\d+kB/,
      askSec: 30,
    },
  },
];
