/**
 * What moves files, and what watches over versions of them.
 *
 * @module
 */
import { bothWays, type Case, type Exchange } from "../case.ts";

const HELLO = { hello: "hello from a file\n" };
const SEES = "hello from a file";

const VSFTPD: Exchange = {
  serve: "sh -c 'mkdir -p /run/vsftpd/empty; exec {} vsftpd $D/etc.conf'",
  port: 21,
  ask: "curl -sS -m 8 ftp://$SERVER/pub/hello",
  sees: SEES,
  prepare: "mkdir $D/pub && mv $D/hello $D/pub/",
  files: {
    ...HELLO,
    "etc.conf": `listen=YES\nlisten_address=$SERVER\nbackground=NO\nanonymous_enable=YES
anon_root=$D\nno_anon_password=YES\n`,
  },
};

/** A client of FTP; the server is on the kernel's stack. */
function ftp(name: string, packages: string, ask: string): Case {
  const client = { ...VSFTPD, serve: VSFTPD.serve.replace("{} ", ""), ask };
  return { name, packages: `${packages} vsftpd`, program: ask.split(" ")[0], client };
}

const CURL_ACTIVE = "curl -sS -m 8 --ftp-port - ftp://$SERVER/pub/hello";

const RSYNC: Exchange = {
  serve: "rsync --daemon --no-detach --config=$D/rsyncd.conf --address=$SERVER --port=8730",
  port: 8730,
  ask: "sh -c 'rm -f $D/got; {} rsync rsync://$SERVER:8730/all/hello $D/got; cat $D/got'",
  sees: SEES,
  files: {
    ...HELLO,
    "rsyncd.conf": "use chroot = no\nuid = root\ngid = root\nlog file = /dev/stderr\n" +
      "[all]\n  path = $D\n  read only = yes\n",
  },
};

const TFTP: Exchange = {
  serve: "in.tftpd -L -a $SERVER:69 -s $D",
  port: 69,
  ask: "sh -c 'rm -f $D/got; {} tftp $SERVER -c get hello $D/got; cat $D/got'",
  sees: SEES,
  files: HELLO,
};

const GIT: Exchange = {
  serve: "git daemon --reuseaddr --export-all --listen=$SERVER --base-path=$D",
  port: 9418,
  ask: "sh -c 'rm -rf $D/copy; {} git clone -q git://$SERVER/repo $D/copy; cat $D/copy/hello'",
  sees: SEES,
  files: HELLO,
  prepare: "cd $D && git init -q repo && cp hello repo && cd repo && git add hello && " +
    "git -c user.name=x -c user.email=x@x.test commit -qm x",
};

const SVN: Exchange = {
  serve: "svnserve -d --foreground --listen-host $SERVER -r $D",
  port: 3690,
  ask: "svn --non-interactive cat svn://$SERVER/repo/hello",
  sees: SEES,
  files: HELLO,
  prepare: "cd $D && svnadmin create repo && " +
    "svn import -q -m x --non-interactive hello file://$D/repo/hello && " +
    "printf '[general]\\nanon-access = read\\n' > repo/conf/svnserve.conf",
};

const SMB: Exchange = {
  serve: "sh -c 'mkdir -p /run/samba; exec {} smbd -F --no-process-group -s $D/smb.conf -p 445'",
  port: 445,
  ask: "smbclient -N -s $D/client.conf //$SERVER/all -c 'get hello -'",
  sees: SEES,
  files: {
    ...HELLO,
    "client.conf": "[global]\nstate directory = $D\ncache directory = $D\nlock directory = $D\n",
    "smb.conf": `[global]\nserver role = standalone server\nmap to guest = Bad User
private dir = $D\nlock directory = $D\nstate directory = $D\ncache directory = $D
pid directory = $D\nncalrpc dir = $D/rpc\ninterfaces = $SERVER\nbind interfaces only = no
log file = $D/log\ndisable spoolss = yes\nload printers = no\n[all]\npath = $D\nguest ok = yes
read only = yes\n`,
  },
  askSec: 20,
};

const WEBDAV: Exchange = {
  serve: "rclone serve webdav --addr $SERVER:8090 $D",
  port: 8090,
  ask: "rclone --config /dev/null --webdav-url http://$SERVER:8090 cat :webdav:hello",
  sees: SEES,
  files: HELLO,
};

export const FILES: readonly Case[] = [
  { name: "vsftpd", packages: "vsftpd", program: "vsftpd", server: VSFTPD },
  {
    name: "vsftpd, active mode",
    packages: "vsftpd",
    program: "vsftpd",
    server: { ...VSFTPD, ask: CURL_ACTIVE },
  },
  ftp("curl, FTP in active mode", "curl", CURL_ACTIVE),
  ftp("lftp", "lftp", 'lftp -c "open ftp://$SERVER; cat pub/hello"'),
  ftp("ftp (tnftp)", "tnftp", "tnftp -V -o - ftp://$SERVER/pub/hello"),
  {
    name: "rsync",
    packages: "rsync",
    program: "rsync",
    isUsual: true,
    ...bothWays(RSYNC),
  },
  { name: "tftp-hpa", packages: "tftp-hpa tftpd-hpa", program: "tftp", client: TFTP },
  {
    name: "tftpd-hpa",
    packages: "tftpd-hpa",
    program: "in.tftpd",
    server: { ...TFTP, ask: "curl -sS -m 8 tftp://$SERVER/hello" },
  },
  { name: "git, git daemon", packages: "git", program: "git", isUsual: true, ...bothWays(GIT) },
  { name: "subversion, svnserve", packages: "subversion", program: "svn", ...bothWays(SVN) },
  { name: "smbclient", packages: "smbclient samba", program: "smbclient", client: SMB },
  {
    name: "samba (smbd)",
    packages: "samba smbclient",
    program: "smbd",
    server: SMB,
  },
  { name: "rclone (Go)", packages: "rclone", program: "rclone", ...bothWays(WEBDAV) },
  {
    name: "restic (Go)",
    packages: "restic rclone",
    program: "restic",
    client: {
      serve: "rclone serve restic --addr $SERVER:8091 $D/repo",
      port: 8091,
      ask: "sh -c 'export RESTIC_PASSWORD=x HOME=$D; {} restic -r rest:http://$SERVER:8091/ init " +
        "&& {} restic -r rest:http://$SERVER:8091/ backup $D/hello'",
      sees: /snapshot \w+ saved/,
      files: HELLO,
      askSec: 40,
    },
  },
];
