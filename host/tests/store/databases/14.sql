-- A database of version 14: the one before it, its migration, and what only it can hold.
PRAGMA application_id=1414678864; PRAGMA user_version=14;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE installation (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Random: message ids of two databases never meet.
    id BLOB NOT NULL,
    created INTEGER NOT NULL
, epoch BLOB) STRICT;
INSERT INTO installation VALUES(1,X'9961111a8846d551555419a5a61bcbe9',1795549023000000000,X'1257dc641dbd842b72524f3719774543');
CREATE TABLE numbers (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    last INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO numbers VALUES('default','exception',2);
INSERT INTO numbers VALUES('default','file',1);
INSERT INTO numbers VALUES('default','incident',3);
INSERT INTO numbers VALUES('default','silence',1);
INSERT INTO numbers VALUES('default','source',1);
INSERT INTO numbers VALUES('other','incident',1);
CREATE TABLE sources (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, name)
) STRICT, WITHOUT ROWID;
INSERT INTO sources VALUES('default',1,'/var/log/app.log');
CREATE TABLE files (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    source INTEGER NOT NULL,
    device INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    head BLOB NOT NULL,
    head_length INTEGER NOT NULL,
    generation INTEGER NOT NULL,
    path TEXT NOT NULL,
    -- The position; all of it or nothing.
    offset INTEGER,
    line INTEGER,
    judged INTEGER,
    format TEXT,
    year INTEGER,
    month INTEGER,
    day INTEGER,
    latest INTEGER, foot BLOB CHECK (length(foot) = 32), seal INTEGER,
    PRIMARY KEY (tenant, number),
    FOREIGN KEY (tenant, source) REFERENCES sources (tenant, number)
) STRICT, WITHOUT ROWID;
INSERT INTO files VALUES('default',1,1,65024,10682572,X'c8fc94bfd4dbd4439564f4efe10901874725305e8d219e1a76fc2e2616f3f4a7',205,0,'/var/log/app.log',166,5,166,'iso',NULL,NULL,NULL,NULL,X'b476d7be0bb0e96a410745d8632205824249f59d732ff86fd187a1976af2c297',NULL);
CREATE TABLE states (
    tenant TEXT NOT NULL,
    pack TEXT NOT NULL,
    version TEXT NOT NULL,
    digest BLOB NOT NULL,
    settings BLOB NOT NULL,
    state BLOB,
    host BLOB NOT NULL,
    saved INTEGER NOT NULL,
    PRIMARY KEY (tenant, pack)
) STRICT;
INSERT INTO states VALUES('default','app-errors','0.1.0',X'0240cf25869bb3e98562e90807fa67462f09397778e38cfecf4557fca871611f',X'c023b615b7f426779118f2f9f62bfb53e92b6c6d5c5cfa9b99496a10e7a37d48',X'544c533106006572726f72737a00000001009ee923d6f2ea180300000016000012004552524f52206469736b2069732066756c6c01000000000000000000000018000014004552524f522075706c6f6164207265667573656401000000000000000000000018000014004552524f52207061796d656e74206661696c656402000000000000000000000005006b6e6f776e7100000001009ee923d6f2ea180300000016000012004552524f52206469736b2069732066756c6c01000ab4acd5f2ea1818000014004552524f522075706c6f616420726566757365640100d44ee8d5f2ea1818000014004552524f52207061796d656e74206661696c656401009ee923d6f2ea18050066726573686e0000000100d44ee8d5f2ea18010000000003000000000000000300000000401971d5f2ea180100000000000001000000010000000000000000000ab4acd5f2ea18010000000000000100000001000000000000002a00d44ee8d5f2ea180100000000000001000000010000000000000052070063726f776465640d0000000100d44ee8d5f2ea18000000000000',X'010680f8ccbec4b5f9ea310405010100028080ca91aeb5f9ea3129323032362d31312d32345431303a30303a30305a204552524f52207061796d656e74206661696c6564000d540280a8d6b90727323032362d31312d32345431303a30303a30315a204552524f52206469736b2069732066756c6c000d500280a8d6b90729323032362d31312d32345431303a30303a30325a204552524f522075706c6f61642072656675736564000d540280a8d6b90729323032362d31312d32345431303a30303a30335a204552524f52207061796d656e74206661696c656400',1795549082530187744);
CREATE TABLE incidents (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    pack TEXT NOT NULL,
    rule TEXT NOT NULL,
    fingerprint BLOB NOT NULL,
    generation INTEGER NOT NULL,
    previous INTEGER,
    state INTEGER NOT NULL CHECK (state IN (0, 1, 2)),
    resolution TEXT,
    severity INTEGER NOT NULL CHECK (severity BETWEEN 0 AND 4),
    subject TEXT NOT NULL,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    fields TEXT NOT NULL,
    tags TEXT NOT NULL,
    sources TEXT NOT NULL,
    count INTEGER NOT NULL,
    occurrences INTEGER NOT NULL,
    first INTEGER,
    last INTEGER,
    opened INTEGER NOT NULL,
    changed INTEGER NOT NULL,
    occurred INTEGER NOT NULL,
    acknowledged_until INTEGER,
    resolve_after INTEGER,
    -- Timers: when it resolves itself, and when an open one is told again.
    resolves_at INTEGER,
    repeats_at INTEGER,
    assignee TEXT,
    evidence_dropped INTEGER NOT NULL,
    overflow INTEGER NOT NULL,
    version INTEGER NOT NULL,
    PRIMARY KEY (tenant, id),
    UNIQUE (tenant, pack, rule, fingerprint, generation)
) STRICT;
INSERT INTO incidents VALUES('default',1,'app-errors','application-error',X'014552524f52207061796d656e74206661696c6564',1,NULL,1,NULL,2,'ERROR payment failed','ERROR payment failed twice','','[["level","ERROR"],["errors","2"]]','["attack.initial-access","attack.t1190"]','["/var/log/app.log"]',2,2,1795514400000000000,1795514403000000000,1795549023247446515,1795549060488194598,1795549023249054284,1795635460488194598,86400000000000,1795635423249054284,NULL,NULL,0,0,4);
INSERT INTO incidents VALUES('default',2,'app-errors','application-error',X'014552524f52206469736b2069732066756c6c',1,NULL,2,'false-positive',2,'ERROR disk is full','ERROR disk is full','','[["level","ERROR"],["errors","1"]]','["attack.initial-access","attack.t1190"]','["/var/log/app.log"]',1,1,1795514401000000000,1795514401000000000,1795549023247446515,1795549060498276669,1795549023247446515,NULL,86400000000000,NULL,NULL,NULL,0,0,3);
INSERT INTO incidents VALUES('default',3,'app-errors','application-error',X'014552524f522075706c6f61642072656675736564',1,NULL,0,NULL,2,'ERROR upload refused','ERROR upload refused','','[["level","ERROR"],["errors","1"]]','["attack.initial-access","attack.t1190"]','["/var/log/app.log"]',1,1,1795514402000000000,1795514402000000000,1795549023247446515,1795549023247446515,1795549023247446515,NULL,86400000000000,1795635423247446515,NULL,NULL,0,0,2);
INSERT INTO incidents VALUES('other',1,'app-errors','application-error',X'014552524f522075706c6f61642072656675736564',1,NULL,0,NULL,2,'ERROR upload refused','ERROR of another tenant','','[["level","ERROR"],["errors","1"]]','["attack.initial-access","attack.t1190"]','["/var/log/app.log"]',1,1,1795514402000000000,1795514402000000000,1795549023247446515,1795549023247446515,1795549023247446515,NULL,86400000000000,1795635423247446515,NULL,NULL,0,0,2);
CREATE TABLE rules (
    tenant TEXT NOT NULL,
    pack TEXT NOT NULL,
    rule TEXT NOT NULL,
    title TEXT NOT NULL,
    description TEXT NOT NULL,
    links TEXT NOT NULL,
    PRIMARY KEY (tenant, pack, rule)
) STRICT, WITHOUT ROWID;
INSERT INTO rules VALUES('default','app-errors','application-error','Errors in an application''s log','Lines of level error or worse, panics and tracebacks. Numbers, addresses, paths, quotations and ids do not matter for whether two are the same. Fatal ones and crashes are high.','["https://attack.mitre.org/techniques/T1190/"]');
CREATE TABLE occurrences (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    incident INTEGER NOT NULL,
    number INTEGER NOT NULL,
    time INTEGER,
    recorded INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
INSERT INTO occurrences VALUES('default',X'5b887513420e56fd6fbe33b8626b6f24',1,2,1795514403000000000,1795549023249054284);
INSERT INTO occurrences VALUES('default',X'9446fc9657e9ef806493a3b082a36160',1,1,1795514400000000000,1795549023247446515);
INSERT INTO occurrences VALUES('default',X'dc7625d712a9014774f92dae38f15fc7',3,1,1795514402000000000,1795549023247446515);
INSERT INTO occurrences VALUES('default',X'f8da807fcdea13c1fd4ed74e5f5459d8',2,1,1795514401000000000,1795549023247446515);
CREATE TABLE evidence (
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    number INTEGER NOT NULL,
    file INTEGER,
    name TEXT NOT NULL,
    offset INTEGER NOT NULL,
    line INTEGER NOT NULL,
    text BLOB,
    cut INTEGER NOT NULL,
    captures BLOB NOT NULL,
    digest BLOB,
    PRIMARY KEY (tenant, incident, number),
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO evidence VALUES('default',1,1,1,'/var/log/app.log',0,1,X'323032362d31312d32345431303a30303a30305a204552524f52207061796d656e74206661696c6564',0,X'',X'f63a94932dc10e00b1593ec705eb289b7a41ee3968b70a3719f605fb3fd0d9e2');
INSERT INTO evidence VALUES('default',1,2,1,'/var/log/app.log',124,4,X'323032362d31312d32345431303a30303a30335a204552524f52207061796d656e74206661696c6564',0,X'',X'c7035c7a8ee266c104a5c983842cc2594b4ea79bd2cb96fe4ca6b72f57f59cac');
INSERT INTO evidence VALUES('default',2,1,1,'/var/log/app.log',42,2,X'323032362d31312d32345431303a30303a30315a204552524f52206469736b2069732066756c6c',0,X'',X'103faef88d1fcb1b06efcecc8937ec922f134a82ef2721d78f92511dc4431c1e');
INSERT INTO evidence VALUES('default',3,1,1,'/var/log/app.log',82,3,X'323032362d31312d32345431303a30303a30325a204552524f522075706c6f61642072656675736564',0,X'',X'71a72904da8f8cd17283d01c3b1251aa53dcde86d5b137f29b6c91188167a777');
CREATE TABLE timeline (
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL,
    PRIMARY KEY (tenant, incident, number),
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO timeline VALUES('default',1,1,1795549023247446515,'rule','a rule','opened','{"previous":null}');
INSERT INTO timeline VALUES('default',1,2,1795549023249054284,'rule','a rule','occurred','{"count":1}');
INSERT INTO timeline VALUES('default',1,3,1795549060488194598,'uid:0','ann','acknowledged','{"until":1795635460488194598}');
INSERT INTO timeline VALUES('default',2,1,1795549023247446515,'rule','a rule','opened','{"previous":null}');
INSERT INTO timeline VALUES('default',2,2,1795549060498276669,'uid:0','ann','resolved','{"resolution":"false-positive","comment":""}');
INSERT INTO timeline VALUES('default',3,1,1795549023247446515,'rule','a rule','opened','{"previous":null}');
CREATE TABLE silences (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    rule TEXT,
    severity INTEGER,
    fields TEXT NOT NULL,
    starts INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER,
    -- Whether what it held back has been looked at since it was over.
    settled INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
INSERT INTO silences VALUES('default',1,'app-errors/*',NULL,'[]',1795549082485503483,1795552682485503483,'planned work','uid:0','ann',1795549082485674508,NULL,0);
CREATE TABLE exceptions (
    tenant TEXT NOT NULL,
    id INTEGER NOT NULL,
    rule TEXT,
    field TEXT,
    network TEXT,
    value TEXT,
    severity INTEGER,
    until INTEGER,
    reason TEXT NOT NULL,
    actor TEXT NOT NULL,
    name TEXT NOT NULL,
    created INTEGER NOT NULL,
    ended INTEGER,
    count INTEGER NOT NULL DEFAULT 0,
    last INTEGER,
    PRIMARY KEY (tenant, id)
) STRICT, WITHOUT ROWID;
INSERT INTO exceptions VALUES('default',1,'app-errors/*','title',NULL,'nothing*',NULL,NULL,'known','uid:0','ann',1795549082494290085,NULL,0,NULL);
INSERT INTO exceptions VALUES('default',2,'app-errors/*',NULL,NULL,NULL,NULL,NULL,'known','uid:0','ann',1795549082502276423,NULL,1,1795549082530782691);
CREATE TABLE excepted (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    exception INTEGER NOT NULL,
    number INTEGER NOT NULL,
    at INTEGER NOT NULL,
    pack TEXT NOT NULL,
    rule TEXT NOT NULL,
    title TEXT NOT NULL,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, exception) REFERENCES exceptions (tenant, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO excepted VALUES('default',X'c52dc507184b5a8754499819d88a226e',2,1,1795549082530782691,'app-errors','application-error','ERROR all is over');
CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    at INTEGER NOT NULL,
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT;
INSERT INTO events VALUES(1,'default',1,'first','',1795549023247446515);
INSERT INTO events VALUES(2,'default',2,'first','',1795549023247446515);
INSERT INTO events VALUES(3,'default',3,'first','',1795549023247446515);
INSERT INTO events VALUES(4,'default',2,'resolved','',1795549060498276669);
DELETE FROM sqlite_sequence;
INSERT INTO sqlite_sequence VALUES('events',4);
INSERT INTO sqlite_sequence VALUES('notices',4);
INSERT INTO sqlite_sequence VALUES('log_records',8);
INSERT INTO sqlite_sequence VALUES('tokens',12);
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    event INTEGER,
    incident INTEGER,
    recipient TEXT NOT NULL,
    route TEXT NOT NULL,
    reason TEXT NOT NULL,
    critical INTEGER NOT NULL,
    -- queued, sending, sent, deferred, dead, folded (into a digest), silenced
    state TEXT NOT NULL,
    created INTEGER NOT NULL,
    -- Not before this: quiet hours, the next try.
    due INTEGER NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    lease INTEGER,
    message TEXT NOT NULL,
    words TEXT NOT NULL DEFAULT '',
    sent INTEGER,
    -- The digest that carries it.
    digest INTEGER REFERENCES notices (id) ON DELETE SET NULL,
    silence INTEGER, unsure INTEGER NOT NULL DEFAULT 0,
    FOREIGN KEY (event) REFERENCES events (id) ON DELETE CASCADE,
    UNIQUE (event, recipient)
) STRICT;
INSERT INTO notices VALUES(1,'default',1,1,'oncall@example.org','--mail-to','first',0,'deferred',1795549023247446515,1795549045966800419,1,NULL,'ccdac4e766e3b51b0ef3a3e4fd0c94b5','no answer',NULL,NULL,NULL,1);
INSERT INTO notices VALUES(2,'default',2,2,'oncall@example.org','--mail-to','first',0,'folded',1795549023247446515,1795549023247446515,0,NULL,'c7da784410b0f18d7414ce92c39cacc7','',NULL,4,NULL,0);
INSERT INTO notices VALUES(3,'default',3,3,'oncall@example.org','--mail-to','first',0,'silenced',1795549023247446515,1795549023247446515,0,NULL,'2cfcca70383432914ae17eff6f76e5d9','',NULL,NULL,1,0);
INSERT INTO notices VALUES(4,'default',NULL,NULL,'oncall@example.org','','digest',0,'queued',1795549045966800419,1795549045966800419,0,NULL,'d1935c7a8ee266c104a5c983842cc259','',NULL,NULL,NULL,0);
CREATE TABLE buckets (
    tenant TEXT NOT NULL,
    recipient TEXT NOT NULL,
    critical INTEGER NOT NULL,
    -- Nanoseconds of its refill that are there.
    level INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, recipient, critical)
) STRICT, WITHOUT ROWID;
INSERT INTO buckets VALUES('default','oncall@example.org',0,3600000000000,1795549045966800419);
CREATE TABLE breakers (
    relay TEXT PRIMARY KEY,
    failures INTEGER NOT NULL,
    closed_at INTEGER NOT NULL,
    words TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO breakers VALUES('127.0.0.1:1 in plaintext',4,1795549081247652899,'cannot use the mail server, connecting: Connection error: Connection refused (os error 111)');
CREATE TABLE log_records (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    at INTEGER NOT NULL,
    event TEXT NOT NULL,
    fields TEXT NOT NULL
) STRICT;
INSERT INTO log_records VALUES(1,'default',1795549023247446515,'incident.opened','{"by":"rule","incident":1,"pack":"app-errors","rule":"application-error","severity":"medium","state":"open","generation":1,"fingerprint_sha256":"2618fe41c4802b79512cd7417097850364fe38d3d3bf8567c0a30327af3143a1"}');
INSERT INTO log_records VALUES(2,'default',1795549023247446515,'incident.opened','{"by":"rule","incident":2,"pack":"app-errors","rule":"application-error","severity":"medium","state":"open","generation":1,"fingerprint_sha256":"2f4ce50bbff3213b6ed0c49c64ef47718d5fa4479fe94fee81c17ed1eabbf43b"}');
INSERT INTO log_records VALUES(3,'default',1795549023247446515,'incident.opened','{"by":"rule","incident":3,"pack":"app-errors","rule":"application-error","severity":"medium","state":"open","generation":1,"fingerprint_sha256":"23c1a181fb75ab1c33f476ef7ac538059cd28e26cbb3d27e84d22b51b1e90218"}');
INSERT INTO log_records VALUES(4,'default',1795549060488194598,'incident.acknowledged','{"by":"uid:0","incident":1,"pack":"app-errors","rule":"application-error","severity":"medium","state":"acknowledged","generation":1,"fingerprint_sha256":"2618fe41c4802b79512cd7417097850364fe38d3d3bf8567c0a30327af3143a1"}');
INSERT INTO log_records VALUES(5,'default',1795549060498276669,'incident.resolved','{"by":"uid:0","incident":2,"pack":"app-errors","rule":"application-error","severity":"medium","state":"resolved","generation":1,"fingerprint_sha256":"2f4ce50bbff3213b6ed0c49c64ef47718d5fa4479fe94fee81c17ed1eabbf43b","resolution":"false-positive"}');
INSERT INTO log_records VALUES(6,'default',1795549082485674508,'silence.added','{"by":"uid:0","silence":1}');
INSERT INTO log_records VALUES(7,'default',1795549082494290085,'exception.added','{"by":"uid:0","exception":1}');
INSERT INTO log_records VALUES(8,'default',1795549082502276423,'exception.added','{"by":"uid:0","exception":2}');
CREATE TABLE log_head (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    seq INTEGER NOT NULL,
    hash BLOB NOT NULL
, path BLOB, begins INTEGER) STRICT;
INSERT INTO log_head VALUES(1,3,X'392fdbb7f1a0b2688c7e7d9917580556366cf653ace8c25fc5309e65a2cb13be',X'2f7661722f6c6f672f73656375726974792e6c6f67',1);
CREATE TABLE texts (
    row INTEGER PRIMARY KEY,
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    text TEXT NOT NULL,
    indexed TEXT,
    UNIQUE (tenant, incident),
    FOREIGN KEY (tenant, incident) REFERENCES incidents (tenant, id) ON DELETE CASCADE
) STRICT;
INSERT INTO texts VALUES(1,'default',1,'ERROR payment failed twice

[["level","ERROR"],["errors","2"]]
ERROR payment failed
ERROR payment failed','ERROR payment failed

[["level","ERROR"],["errors","2"]]
ERROR payment failed
ERROR payment failed');
INSERT INTO texts VALUES(2,'default',2,'ERROR disk is full

[["level","ERROR"],["errors","1"]]
ERROR disk is full
ERROR disk is full',NULL);
INSERT INTO texts VALUES(3,'default',3,'ERROR upload refused

[["level","ERROR"],["errors","1"]]
ERROR upload refused
ERROR upload refused',NULL);
INSERT INTO texts VALUES(4,'other',1,'ERROR of another tenant

[["level","ERROR"],["errors","1"]]
ERROR upload refused
ERROR upload refused',NULL);
CREATE VIRTUAL TABLE grams USING fts5 (
    text, content = 'texts', content_rowid = 'row', tokenize = 'trigram', detail = 'none', columnsize = 0
);
DELETE FROM grams_data;
INSERT INTO grams_data VALUES(1,X'04827d');
INSERT INTO grams_data VALUES(10,X'000000010102020002010101020101');
INSERT INTO grams_data VALUES(137438953473,X'000001eb04300a0a5b01010102025b5b0101010202657201010101032064690202026661010301750202026973020202706101020272650302027570030103222c22010101020231220201020232220102025d2c01010103015d0101010202657201010102026c6501010101032c223102010301320103016501010102025b22010101010331225d0201010332225d0101035b226501010103016c01010102025b2201010101035d0a6501010102022c5b01010102025d0a0101010103616420030202696c010202796d010103640a0a0102030165010202022072030202697302010365640a0102020266750302026c2201010102026e740102027272010101020276650101010103666169010202756c02030173030103696c6501020273200203016b0201036b20690201036c0a0a02030165020202222c010101020265640103017601010102026c0a0202026f610301036d656e0101036e74200101036f6164030202722001010103012201010103017301010101037061790102026c6f0301037220640203017001030175030202225d010101020265660302026f720101010202726f010101020273220101010103732066020202222c010101020265640302026b20020103742066010103756c6c020202706c030202736503010376656c0101010103796d650104080707060504050505050806050706070707040607070608060708070706050507050505070507050707060504060504060604070506050506060607060606050604040705070707060705050606050508');
INSERT INTO grams_data VALUES(274877906945,X'0000016404300a0a5b0402025b5b040202657204010320616e0402026f66040202726504020274650402027570040103222c2204020231220402025d2c0403015d04020265720402026c650401032c2231040301650402025b2204010331225d0401035b22650403016c0402025b220401035d0a650402022c5b0402025d0a0401036164200402026e6f04030174040103640a65040202207204010365640a04020266750402026c220402026e61040202722004030172040202766504010366206104020275730401036865720401036c222c04020265760402026f610401036e616e0402026f74040202740a0401036f61640402026620040202722004030122040301730402027468040103706c6f04010372206f0403017404030175040202225d04020265660402026f72040202726f040202732204010373222c0402026564040103740a0a040202656e040202686504010375706c040202736504010376656c040406050506050505050605050405050604050606040506050506050406050605050505040506050606050506050506050504040506060404050505050506050605050605');
DELETE FROM grams_idx;
INSERT INTO grams_idx VALUES(1,X'',2);
INSERT INTO grams_idx VALUES(2,X'',2);
DELETE FROM grams_config;
INSERT INTO grams_config VALUES('secure-delete',1);
INSERT INTO grams_config VALUES('version',4);
CREATE TABLE batches (
    tenant TEXT NOT NULL,
    key BLOB NOT NULL CHECK (length(key) = 32),
    body BLOB NOT NULL CHECK (length(body) = 32),
    at INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;
INSERT INTO batches VALUES('default',X'09c16354407687ba99f3acb393af8d959a72edaa436b3a3f0c7f37386e2ab41b',X'3bb4de2b7f8adfa3ed7aec97c0d35f5d8851babaac8657d21412cc13a6c8227c',1795549082502276423);
CREATE TABLE scan_runs (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    scanner TEXT NOT NULL,
    author TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'partial', 'failed', 'cancelled')),
    started INTEGER NOT NULL,
    ended INTEGER,
    -- What was asked: networks and ports as ranges; NULL: a file that does not say.
    addresses TEXT,
    ports TEXT,
    reason TEXT,
    detail TEXT,
    up INTEGER NOT NULL DEFAULT 0,
    unknown INTEGER NOT NULL DEFAULT 0,
    open INTEGER NOT NULL DEFAULT 0,
    -- Whether somebody has asked to break it off.
    cancelled INTEGER NOT NULL DEFAULT 0 CHECK (cancelled IN (0, 1)),
    -- Whether rules have judged its findings.
    judged INTEGER NOT NULL DEFAULT 0 CHECK (judged IN (0, 1)),
    PRIMARY KEY (tenant, number)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_runs VALUES('default',1,'dmz','connect','uid:0','done',1795549083000000000,1795549084000000000,'192.0.2.1','22',NULL,NULL,1,0,1,0,0);
CREATE TABLE scan_findings (
    tenant TEXT NOT NULL,
    run INTEGER NOT NULL,
    number INTEGER NOT NULL,
    line TEXT NOT NULL,
    PRIMARY KEY (tenant, run, number),
    FOREIGN KEY (tenant, run) REFERENCES scan_runs (tenant, number)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_findings VALUES('default',1,1,'{"kind":"port_open"}');
CREATE TABLE scan_baselines (
    tenant TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    scanner TEXT NOT NULL,
    technique TEXT NOT NULL,
    protocol TEXT NOT NULL,
    privileged INTEGER NOT NULL CHECK (privileged IN (0, 1)),
    latest INTEGER NOT NULL,
    -- What the last was asked.
    asked_addresses TEXT,
    asked_ports TEXT,
    -- Where it is known whether there is a host.
    addresses TEXT NOT NULL,
    PRIMARY KEY (tenant, number),
    UNIQUE (tenant, name, scanner, technique, protocol, privileged)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_baselines VALUES('default',1,'dmz','connect','connect','tcp',0,1,'192.0.2.1','22','192.0.2.1');
CREATE TABLE scan_hosts (
    tenant TEXT NOT NULL,
    baseline INTEGER NOT NULL,
    address TEXT NOT NULL,
    -- Ports of which it is known whether they are open.
    ports TEXT NOT NULL,
    missed INTEGER NOT NULL,
    gone INTEGER NOT NULL CHECK (gone IN (0, 1)),
    PRIMARY KEY (tenant, baseline, address),
    FOREIGN KEY (tenant, baseline) REFERENCES scan_baselines (tenant, number)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_hosts VALUES('default',1,'192.0.2.1','22',0,0);
CREATE TABLE scan_ports (
    tenant TEXT NOT NULL,
    baseline INTEGER NOT NULL,
    address TEXT NOT NULL,
    port INTEGER NOT NULL CHECK (port BETWEEN 1 AND 65535),
    state TEXT NOT NULL,
    missed INTEGER NOT NULL,
    -- The service; probed is NULL without one.
    probed INTEGER CHECK (probed IN (0, 1)),
    service TEXT,
    product TEXT,
    version TEXT,
    extra TEXT,
    tunnel TEXT,
    cpe TEXT, asked INTEGER,
    PRIMARY KEY (tenant, baseline, address, port),
    FOREIGN KEY (tenant, baseline, address) REFERENCES scan_hosts (tenant, baseline, address)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_ports VALUES('default',1,'192.0.2.1',22,'open',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
INSERT INTO scan_ports VALUES('default',1,'192.0.2.1',23,'open',0,1,'ssh','OpenSSH',NULL,NULL,NULL,NULL,1795549083000000000);
INSERT INTO scan_ports VALUES('default',1,'192.0.2.1',80,'open',0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE scan_scripts (
    tenant TEXT NOT NULL,
    baseline INTEGER NOT NULL,
    address TEXT NOT NULL,
    port INTEGER NOT NULL,
    script TEXT NOT NULL,
    said BLOB NOT NULL CHECK (length(said) = 32),
    PRIMARY KEY (tenant, baseline, address, port, script),
    FOREIGN KEY (tenant, baseline, address) REFERENCES scan_hosts (tenant, baseline, address)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_scripts VALUES('default',1,'192.0.2.1',80,'http-title',X'5ad8b658bf7fc227b82d8a08a02b5ed9af06d2e62483bc95d2fe3c4945540649');
CREATE TABLE scan_schedules (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    -- First known; the last time that is settled; that of the last whole scan; the last that was told to be overdue.
    since INTEGER NOT NULL,
    settled INTEGER,
    whole INTEGER,
    told INTEGER,
    PRIMARY KEY (tenant, name)
) STRICT, WITHOUT ROWID;
INSERT INTO scan_schedules VALUES('default','dmz',1795549083000000000,NULL,NULL,NULL);
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- The latest time that was believed.
    believed INTEGER NOT NULL,
    -- Since when the clock has been ahead of that by more than a day, by its own account; NULL: it is not.
    ahead INTEGER
) STRICT;
INSERT INTO clock VALUES(1,1795549060498276669,NULL);
CREATE TABLE scrubbing (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    deletions INTEGER NOT NULL
) STRICT;
INSERT INTO scrubbing VALUES(1,1);
CREATE TABLE tails (
    tenant TEXT NOT NULL,
    id BLOB NOT NULL,
    file INTEGER,
    PRIMARY KEY (tenant, id),
    FOREIGN KEY (tenant, file) REFERENCES files (tenant, number) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO tails VALUES('default',X'3256253b3a7ace0e476090a4463ee60a',NULL);
INSERT INTO tails VALUES('default',X'90d8f0c69b65706864ad9414c7ef7647',1);
CREATE TABLE redacted (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- SHA-256 of them.
    patterns BLOB NOT NULL CHECK (length(patterns) = 32),
    tenant TEXT NOT NULL,
    incident INTEGER NOT NULL,
    done INTEGER NOT NULL CHECK (done IN (0, 1))
) STRICT;
INSERT INTO redacted VALUES(1,X'54ac46f5ee33a796afa965458e5cdc8d64b54648cf07eb865f1fa28c4243eb55','default',1,0);
CREATE TABLE "tokens" (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scope TEXT NOT NULL CHECK (scope IN ('operator', 'admin', 'analyst', 'author', 'reader', 'ingest')),
    created INTEGER NOT NULL,
    author TEXT NOT NULL,
    expires INTEGER,
    revoked INTEGER
) STRICT;
INSERT INTO tokens VALUES(1,'default','ci',X'0000000000000000000000000000000000000000000000000000000000000000','ingest',1795549082502276423,'uid:0',NULL,NULL);
INSERT INTO tokens VALUES(7,'default','old',X'ac473befc62b2a2e4af71d32b44ed8ce74df1de293339c04d34267db5ad2cabd','reader',1795549082502276423,'uid:0',NULL,1795549083000000000);
INSERT INTO tokens VALUES(12,'plant','packs',X'e3c85a7021359eb88816cb34562b5cb2abbb9e8fe41af5334f6f927d204e9a37','author',1795549082502276423,'uid:0',NULL,NULL);
CREATE TABLE tenants (
    name TEXT NOT NULL PRIMARY KEY,
    created INTEGER NOT NULL,
    author TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO tenants VALUES('plant',1795549082502276423,'uid:0');
INSERT INTO tenants VALUES('shop',1795549082502276423,'uid:0');
CREATE TABLE tenant_recipients (
    tenant TEXT NOT NULL REFERENCES tenants (name) ON DELETE CASCADE,
    address TEXT NOT NULL COLLATE NOCASE,
    created INTEGER NOT NULL,
    confirmed INTEGER,
    PRIMARY KEY (tenant, address)
) STRICT, WITHOUT ROWID;
INSERT INTO tenant_recipients VALUES('plant','a@example.org',1795549082502276423,NULL);
INSERT INTO tenant_recipients VALUES('plant','b@example.org',1795549082502276423,1795549083000000000);
CREATE TABLE own_packs (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    -- The version that counts.
    current INTEGER NOT NULL,
    enabled INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    -- What its tenant has set, as a JSON object.
    settings TEXT NOT NULL,
    PRIMARY KEY (tenant, name)
) STRICT;
INSERT INTO own_packs VALUES('plant','doors',1,1,'{"threshold":3}');
CREATE TABLE own_pack_versions (
    tenant TEXT NOT NULL,
    name TEXT NOT NULL,
    number INTEGER NOT NULL,
    version TEXT NOT NULL,
    -- SHA-256 of the module.
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    pushed INTEGER NOT NULL,
    author TEXT NOT NULL,
    wasm BLOB NOT NULL,
    PRIMARY KEY (tenant, name, number),
    UNIQUE (tenant, name, digest),
    FOREIGN KEY (tenant, name) REFERENCES own_packs (tenant, name) ON DELETE CASCADE
) STRICT;
INSERT INTO own_pack_versions VALUES('plant','doors',1,'1.0.0',X'37e7442928b499350caf24f7bb4863959566ee745bb4c11e756ea8a5736b874a',1795549082502276423,'token:12',X'0061736d01000000');
INSERT INTO own_pack_versions VALUES('plant','doors',2,'1.1.0',X'da484fb62fd038dd8ee13685b9583ae061550bc8b8fb4f0dcc9e1bb740d4e348',1795549083000000000,'token:12',X'0061736d01000000');
CREATE TABLE quotas (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    most INTEGER NOT NULL CHECK (most > 0),
    PRIMARY KEY (tenant, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO quotas VALUES('plant','lines',100);
INSERT INTO quotas VALUES('shop','mails_per_day',7);
CREATE TABLE stored (
    tenant TEXT NOT NULL,
    kind TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (tenant, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO stored VALUES('default','evidence',514);
INSERT INTO stored VALUES('default','incidents',2504);
INSERT INTO stored VALUES('default','notices',760);
INSERT INTO stored VALUES('default','scans',453);
INSERT INTO stored VALUES('default','sources',272);
INSERT INTO stored VALUES('default','states',718);
INSERT INTO stored VALUES('other','incidents',499);
INSERT INTO stored VALUES('plant','packs',184);
CREATE INDEX files_of_source ON files (tenant, source, number);
CREATE INDEX incidents_changed ON incidents (tenant, changed, id);
CREATE INDEX incidents_by_state ON incidents (tenant, state, changed, id);
CREATE INDEX incidents_by_severity ON incidents (tenant, severity, changed, id);
CREATE INDEX incidents_by_rule ON incidents (tenant, pack, rule, state, changed, id);
CREATE INDEX incidents_assigned ON incidents (tenant, assignee, changed, id) WHERE assignee IS NOT NULL;
CREATE INDEX incidents_expire ON incidents (acknowledged_until) WHERE acknowledged_until IS NOT NULL;
CREATE INDEX incidents_resolve ON incidents (resolves_at) WHERE resolves_at IS NOT NULL;
CREATE INDEX incidents_delete ON incidents (changed) WHERE state = 2;
CREATE INDEX incidents_repeat ON incidents (repeats_at) WHERE repeats_at IS NOT NULL;
CREATE INDEX occurrences_of_incident ON occurrences (tenant, incident, number);
CREATE INDEX excepted_by ON excepted (tenant, exception, number);
CREATE INDEX events_of_incident ON events (tenant, incident, id);
CREATE INDEX notices_waiting ON notices (tenant, recipient, critical, due) WHERE state IN ('queued', 'deferred');
CREATE INDEX notices_due ON notices (due) WHERE state IN ('queued', 'deferred');
CREATE INDEX notices_sending ON notices (lease) WHERE state = 'sending';
CREATE INDEX notices_of_incident ON notices (tenant, incident, recipient, id);
CREATE INDEX notices_in_digest ON notices (digest) WHERE digest IS NOT NULL;
CREATE INDEX notices_dead ON notices (tenant, id) WHERE state = 'dead';
CREATE INDEX notices_silenced ON notices (tenant, silence) WHERE state = 'silenced';
CREATE INDEX texts_changed ON texts (row) WHERE indexed IS NOT NULL;
CREATE TRIGGER texts_added AFTER INSERT ON texts BEGIN
    INSERT INTO grams (rowid, text) VALUES (new.row, new.text);
END;
CREATE TRIGGER texts_settled AFTER UPDATE OF indexed ON texts
WHEN old.indexed IS NOT NULL AND new.indexed IS NULL BEGIN
    INSERT INTO grams (grams, rowid, text) VALUES ('delete', old.row, old.indexed);
    INSERT INTO grams (rowid, text) VALUES (new.row, new.text);
END;
CREATE TRIGGER texts_gone AFTER DELETE ON texts BEGIN
    INSERT INTO grams (grams, rowid, text) VALUES ('delete', old.row, coalesce(old.indexed, old.text));
END;
CREATE VIEW searched AS
    SELECT tenant, id, title || char(10) || substr(summary, 1, 2000) || char(10) || substr(fields, 1, 4000)
        || char(10) || subject || char(10) || CAST(substr(fingerprint, 2) AS TEXT) AS text
    FROM incidents;
CREATE TRIGGER incidents_added AFTER INSERT ON incidents BEGIN
    INSERT INTO texts (tenant, incident, text) SELECT tenant, id, text FROM searched
    WHERE tenant = new.tenant AND id = new.id;
END;
CREATE TRIGGER incidents_renamed AFTER UPDATE OF title, summary, fields ON incidents
WHEN (old.title, old.summary, old.fields) IS NOT (new.title, new.summary, new.fields) BEGIN
    UPDATE texts SET indexed = coalesce(indexed, text),
        text = (SELECT text FROM searched WHERE tenant = new.tenant AND id = new.id)
    WHERE tenant = new.tenant AND incident = new.id;
END;
CREATE INDEX notices_open ON notices (tenant, due, id) WHERE state IN ('queued', 'deferred', 'sending');
CREATE INDEX excepted_at ON excepted (at);
CREATE INDEX notices_digests ON notices (created) WHERE incident IS NULL;
CREATE INDEX batches_at ON batches (at);
CREATE INDEX scan_runs_running ON scan_runs (tenant, number) WHERE state = 'running';
CREATE INDEX scan_runs_unjudged ON scan_runs (tenant, number) WHERE judged = 0;
CREATE INDEX scan_runs_ended ON scan_runs (ended);
CREATE INDEX tails_of_file ON tails (tenant, file);
CREATE INDEX files_of_place ON files (tenant, device, inode);
CREATE INDEX tokens_tenant ON tokens (tenant, id);
CREATE INDEX notices_sent ON notices (tenant, sent) WHERE state = 'sent';
CREATE INDEX scan_runs_started ON scan_runs (tenant, started);
CREATE VIEW measured AS
    SELECT tenant, 'incidents' AS kind, 176 + 2 * (octet_length(fingerprint) + octet_length(subject) + octet_length(title)
        + octet_length(summary) + octet_length(fields))
    + octet_length(pack) + octet_length(rule) + octet_length(tags) + octet_length(sources)
    + coalesce(octet_length(assignee), 0) + 40 * min(occurrences, 8256) AS bytes FROM incidents
    UNION ALL
    SELECT tenant, 'incidents' AS kind, octet_length(pack) + octet_length(rule) + octet_length(title)
    + octet_length(description) + octet_length(links) AS bytes FROM rules
    UNION ALL
    SELECT tenant, 'incidents' AS kind, 24 + octet_length(actor) + octet_length(name) + octet_length(what)
    + octet_length(detail) AS bytes FROM timeline
    UNION ALL
    SELECT tenant, 'incidents' AS kind, 48 + coalesce(octet_length(rule), 0) + coalesce(octet_length(field), 0)
    + coalesce(octet_length(network), 0) + coalesce(octet_length(value), 0)
    + octet_length(reason) + octet_length(actor) + octet_length(name) AS bytes FROM exceptions
    UNION ALL
    SELECT tenant, 'incidents' AS kind, 40 + octet_length(pack) + octet_length(rule) + octet_length(title) AS bytes FROM excepted
    UNION ALL
    SELECT tenant, 'incidents' AS kind, 48 + coalesce(octet_length(rule), 0) + octet_length(fields) + octet_length(reason)
    + octet_length(actor) + octet_length(name) AS bytes FROM silences
    UNION ALL
    SELECT tenant, 'evidence' AS kind, 40 + octet_length(name) + coalesce(octet_length(text), 0) + octet_length(captures)
    + coalesce(octet_length(digest), 0) AS bytes FROM evidence
    UNION ALL
    SELECT tenant, 'notices' AS kind, 24 + octet_length(reason) + octet_length(detail) AS bytes FROM events
    UNION ALL
    SELECT tenant, 'notices' AS kind, 96 + octet_length(recipient) + octet_length(route) + octet_length(reason)
    + octet_length(message) + octet_length(words) AS bytes FROM notices
    UNION ALL
    SELECT tenant, 'states' AS kind, 8 + octet_length(pack) + octet_length(version) + octet_length(digest)
    + octet_length(settings) + coalesce(octet_length(state), 0) + octet_length(host) AS bytes FROM states
    UNION ALL
    SELECT tenant, 'scans' AS kind, 56 + octet_length(name) + octet_length(scanner) + octet_length(author)
    + coalesce(octet_length(addresses), 0) + coalesce(octet_length(ports), 0)
    + coalesce(octet_length(reason), 0) + coalesce(octet_length(detail), 0) AS bytes FROM scan_runs
    UNION ALL
    SELECT tenant, 'scans' AS kind, 16 + octet_length(line) AS bytes FROM scan_findings
    UNION ALL
    SELECT tenant, 'scans' AS kind, 24 + octet_length(name) + octet_length(scanner) + octet_length(technique)
    + octet_length(protocol) + coalesce(octet_length(asked_addresses), 0)
    + coalesce(octet_length(asked_ports), 0) + octet_length(addresses) AS bytes FROM scan_baselines
    UNION ALL
    SELECT tenant, 'scans' AS kind, 24 + octet_length(address) + octet_length(ports) AS bytes FROM scan_hosts
    UNION ALL
    SELECT tenant, 'scans' AS kind, 40 + octet_length(address) + octet_length(state)
    + coalesce(octet_length(service), 0) + coalesce(octet_length(product), 0)
    + coalesce(octet_length(version), 0) + coalesce(octet_length(extra), 0)
    + coalesce(octet_length(tunnel), 0) + coalesce(octet_length(cpe), 0) AS bytes FROM scan_ports
    UNION ALL
    SELECT tenant, 'scans' AS kind, 48 + octet_length(address) + octet_length(script) AS bytes FROM scan_scripts
    UNION ALL
    SELECT tenant, 'packs' AS kind, 16 + octet_length(name) + octet_length(settings) AS bytes FROM own_packs
    UNION ALL
    SELECT tenant, 'packs' AS kind, 48 + octet_length(name) + octet_length(version) + octet_length(author)
    + octet_length(wasm) AS bytes FROM own_pack_versions
    UNION ALL
    SELECT tenant, 'sources' AS kind, 8 + octet_length(name) AS bytes FROM sources
    UNION ALL
    SELECT tenant, 'sources' AS kind, 160 + octet_length(path) AS bytes FROM files
    UNION ALL
    SELECT tenant, 'sources' AS kind, 72 AS bytes FROM batches;
CREATE TRIGGER incidents_stored AFTER INSERT ON incidents BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    176 + 2 * (octet_length(new.fingerprint) + octet_length(new.subject) + octet_length(new.title)
        + octet_length(new.summary) + octet_length(new.fields))
    + octet_length(new.pack) + octet_length(new.rule) + octet_length(new.tags) + octet_length(new.sources)
    + coalesce(octet_length(new.assignee), 0) + 40 * min(new.occurrences, 8256))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER incidents_unstored AFTER DELETE ON incidents BEGIN
    UPDATE stored SET bytes = bytes - (176 + 2 * (octet_length(old.fingerprint) + octet_length(old.subject) + octet_length(old.title)
        + octet_length(old.summary) + octet_length(old.fields))
    + octet_length(old.pack) + octet_length(old.rule) + octet_length(old.tags) + octet_length(old.sources)
    + coalesce(octet_length(old.assignee), 0) + 40 * min(old.occurrences, 8256))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER incidents_resized AFTER UPDATE OF fingerprint, subject, title, summary, fields, tags, sources, assignee, occurrences ON incidents BEGIN
    UPDATE stored SET bytes = bytes - (176 + 2 * (octet_length(old.fingerprint) + octet_length(old.subject) + octet_length(old.title)
        + octet_length(old.summary) + octet_length(old.fields))
    + octet_length(old.pack) + octet_length(old.rule) + octet_length(old.tags) + octet_length(old.sources)
    + coalesce(octet_length(old.assignee), 0) + 40 * min(old.occurrences, 8256))
        + (176 + 2 * (octet_length(new.fingerprint) + octet_length(new.subject) + octet_length(new.title)
        + octet_length(new.summary) + octet_length(new.fields))
    + octet_length(new.pack) + octet_length(new.rule) + octet_length(new.tags) + octet_length(new.sources)
    + coalesce(octet_length(new.assignee), 0) + 40 * min(new.occurrences, 8256))
    WHERE tenant = new.tenant AND kind = 'incidents';
END;
CREATE TRIGGER rules_stored AFTER INSERT ON rules BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    octet_length(new.pack) + octet_length(new.rule) + octet_length(new.title)
    + octet_length(new.description) + octet_length(new.links))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER rules_unstored AFTER DELETE ON rules BEGIN
    UPDATE stored SET bytes = bytes - (octet_length(old.pack) + octet_length(old.rule) + octet_length(old.title)
    + octet_length(old.description) + octet_length(old.links))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER rules_resized AFTER UPDATE OF title, description, links ON rules BEGIN
    UPDATE stored SET bytes = bytes - (octet_length(old.pack) + octet_length(old.rule) + octet_length(old.title)
    + octet_length(old.description) + octet_length(old.links))
        + (octet_length(new.pack) + octet_length(new.rule) + octet_length(new.title)
    + octet_length(new.description) + octet_length(new.links))
    WHERE tenant = new.tenant AND kind = 'incidents';
END;
CREATE TRIGGER timeline_stored AFTER INSERT ON timeline BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    24 + octet_length(new.actor) + octet_length(new.name) + octet_length(new.what)
    + octet_length(new.detail))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER timeline_unstored AFTER DELETE ON timeline BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.actor) + octet_length(old.name) + octet_length(old.what)
    + octet_length(old.detail))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER timeline_resized AFTER UPDATE OF detail ON timeline BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.actor) + octet_length(old.name) + octet_length(old.what)
    + octet_length(old.detail))
        + (24 + octet_length(new.actor) + octet_length(new.name) + octet_length(new.what)
    + octet_length(new.detail))
    WHERE tenant = new.tenant AND kind = 'incidents';
END;
CREATE TRIGGER exceptions_stored AFTER INSERT ON exceptions BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    48 + coalesce(octet_length(new.rule), 0) + coalesce(octet_length(new.field), 0)
    + coalesce(octet_length(new.network), 0) + coalesce(octet_length(new.value), 0)
    + octet_length(new.reason) + octet_length(new.actor) + octet_length(new.name))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER exceptions_unstored AFTER DELETE ON exceptions BEGIN
    UPDATE stored SET bytes = bytes - (48 + coalesce(octet_length(old.rule), 0) + coalesce(octet_length(old.field), 0)
    + coalesce(octet_length(old.network), 0) + coalesce(octet_length(old.value), 0)
    + octet_length(old.reason) + octet_length(old.actor) + octet_length(old.name))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER excepted_stored AFTER INSERT ON excepted BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    40 + octet_length(new.pack) + octet_length(new.rule) + octet_length(new.title))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER excepted_unstored AFTER DELETE ON excepted BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.pack) + octet_length(old.rule) + octet_length(old.title))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER excepted_resized AFTER UPDATE OF title ON excepted BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.pack) + octet_length(old.rule) + octet_length(old.title))
        + (40 + octet_length(new.pack) + octet_length(new.rule) + octet_length(new.title))
    WHERE tenant = new.tenant AND kind = 'incidents';
END;
CREATE TRIGGER silences_stored AFTER INSERT ON silences BEGIN
    INSERT INTO stored VALUES (new.tenant, 'incidents',
    48 + coalesce(octet_length(new.rule), 0) + octet_length(new.fields)
    + octet_length(new.reason) + octet_length(new.actor) + octet_length(new.name))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER silences_unstored AFTER DELETE ON silences BEGIN
    UPDATE stored SET bytes = bytes - (48 + coalesce(octet_length(old.rule), 0) + octet_length(old.fields)
    + octet_length(old.reason) + octet_length(old.actor) + octet_length(old.name))
    WHERE tenant = old.tenant AND kind = 'incidents';
END;
CREATE TRIGGER evidence_stored AFTER INSERT ON evidence BEGIN
    INSERT INTO stored VALUES (new.tenant, 'evidence',
    40 + octet_length(new.name) + coalesce(octet_length(new.text), 0)
    + octet_length(new.captures) + coalesce(octet_length(new.digest), 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER evidence_unstored AFTER DELETE ON evidence BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.name) + coalesce(octet_length(old.text), 0)
    + octet_length(old.captures) + coalesce(octet_length(old.digest), 0))
    WHERE tenant = old.tenant AND kind = 'evidence';
END;
CREATE TRIGGER evidence_resized AFTER UPDATE OF text, captures, digest ON evidence BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.name) + coalesce(octet_length(old.text), 0)
    + octet_length(old.captures) + coalesce(octet_length(old.digest), 0))
        + (40 + octet_length(new.name) + coalesce(octet_length(new.text), 0)
    + octet_length(new.captures) + coalesce(octet_length(new.digest), 0))
    WHERE tenant = new.tenant AND kind = 'evidence';
END;
CREATE TRIGGER events_stored AFTER INSERT ON events BEGIN
    INSERT INTO stored VALUES (new.tenant, 'notices',
    24 + octet_length(new.reason) + octet_length(new.detail))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER events_unstored AFTER DELETE ON events BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.reason) + octet_length(old.detail))
    WHERE tenant = old.tenant AND kind = 'notices';
END;
CREATE TRIGGER notices_stored AFTER INSERT ON notices BEGIN
    INSERT INTO stored VALUES (new.tenant, 'notices',
    96 + octet_length(new.recipient) + octet_length(new.route)
    + octet_length(new.reason) + octet_length(new.message) + octet_length(new.words))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER notices_unstored AFTER DELETE ON notices BEGIN
    UPDATE stored SET bytes = bytes - (96 + octet_length(old.recipient) + octet_length(old.route)
    + octet_length(old.reason) + octet_length(old.message) + octet_length(old.words))
    WHERE tenant = old.tenant AND kind = 'notices';
END;
CREATE TRIGGER notices_resized AFTER UPDATE OF route, message, words ON notices BEGIN
    UPDATE stored SET bytes = bytes - (96 + octet_length(old.recipient) + octet_length(old.route)
    + octet_length(old.reason) + octet_length(old.message) + octet_length(old.words))
        + (96 + octet_length(new.recipient) + octet_length(new.route)
    + octet_length(new.reason) + octet_length(new.message) + octet_length(new.words))
    WHERE tenant = new.tenant AND kind = 'notices';
END;
CREATE TRIGGER states_stored AFTER INSERT ON states BEGIN
    INSERT INTO stored VALUES (new.tenant, 'states',
    8 + octet_length(new.pack) + octet_length(new.version) + octet_length(new.digest)
    + octet_length(new.settings) + coalesce(octet_length(new.state), 0)
    + octet_length(new.host))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER states_unstored AFTER DELETE ON states BEGIN
    UPDATE stored SET bytes = bytes - (8 + octet_length(old.pack) + octet_length(old.version) + octet_length(old.digest)
    + octet_length(old.settings) + coalesce(octet_length(old.state), 0)
    + octet_length(old.host))
    WHERE tenant = old.tenant AND kind = 'states';
END;
CREATE TRIGGER states_resized AFTER UPDATE OF state, host, settings, digest, version ON states BEGIN
    UPDATE stored SET bytes = bytes - (8 + octet_length(old.pack) + octet_length(old.version) + octet_length(old.digest)
    + octet_length(old.settings) + coalesce(octet_length(old.state), 0)
    + octet_length(old.host))
        + (8 + octet_length(new.pack) + octet_length(new.version) + octet_length(new.digest)
    + octet_length(new.settings) + coalesce(octet_length(new.state), 0)
    + octet_length(new.host))
    WHERE tenant = new.tenant AND kind = 'states';
END;
CREATE TRIGGER scan_runs_stored AFTER INSERT ON scan_runs BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    56 + octet_length(new.name) + octet_length(new.scanner) + octet_length(new.author)
    + coalesce(octet_length(new.addresses), 0) + coalesce(octet_length(new.ports), 0)
    + coalesce(octet_length(new.reason), 0) + coalesce(octet_length(new.detail), 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_runs_unstored AFTER DELETE ON scan_runs BEGIN
    UPDATE stored SET bytes = bytes - (56 + octet_length(old.name) + octet_length(old.scanner) + octet_length(old.author)
    + coalesce(octet_length(old.addresses), 0) + coalesce(octet_length(old.ports), 0)
    + coalesce(octet_length(old.reason), 0) + coalesce(octet_length(old.detail), 0))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_runs_resized AFTER UPDATE OF addresses, ports, reason, detail ON scan_runs BEGIN
    UPDATE stored SET bytes = bytes - (56 + octet_length(old.name) + octet_length(old.scanner) + octet_length(old.author)
    + coalesce(octet_length(old.addresses), 0) + coalesce(octet_length(old.ports), 0)
    + coalesce(octet_length(old.reason), 0) + coalesce(octet_length(old.detail), 0))
        + (56 + octet_length(new.name) + octet_length(new.scanner) + octet_length(new.author)
    + coalesce(octet_length(new.addresses), 0) + coalesce(octet_length(new.ports), 0)
    + coalesce(octet_length(new.reason), 0) + coalesce(octet_length(new.detail), 0))
    WHERE tenant = new.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_findings_stored AFTER INSERT ON scan_findings BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    16 + octet_length(new.line))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_findings_unstored AFTER DELETE ON scan_findings BEGIN
    UPDATE stored SET bytes = bytes - (16 + octet_length(old.line))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_baselines_stored AFTER INSERT ON scan_baselines BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    24 + octet_length(new.name) + octet_length(new.scanner)
    + octet_length(new.technique) + octet_length(new.protocol)
    + coalesce(octet_length(new.asked_addresses), 0)
    + coalesce(octet_length(new.asked_ports), 0) + octet_length(new.addresses))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_baselines_unstored AFTER DELETE ON scan_baselines BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.name) + octet_length(old.scanner)
    + octet_length(old.technique) + octet_length(old.protocol)
    + coalesce(octet_length(old.asked_addresses), 0)
    + coalesce(octet_length(old.asked_ports), 0) + octet_length(old.addresses))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_baselines_resized AFTER UPDATE OF asked_addresses, asked_ports, addresses ON scan_baselines BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.name) + octet_length(old.scanner)
    + octet_length(old.technique) + octet_length(old.protocol)
    + coalesce(octet_length(old.asked_addresses), 0)
    + coalesce(octet_length(old.asked_ports), 0) + octet_length(old.addresses))
        + (24 + octet_length(new.name) + octet_length(new.scanner)
    + octet_length(new.technique) + octet_length(new.protocol)
    + coalesce(octet_length(new.asked_addresses), 0)
    + coalesce(octet_length(new.asked_ports), 0) + octet_length(new.addresses))
    WHERE tenant = new.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_hosts_stored AFTER INSERT ON scan_hosts BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    24 + octet_length(new.address) + octet_length(new.ports))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_hosts_unstored AFTER DELETE ON scan_hosts BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.address) + octet_length(old.ports))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_hosts_resized AFTER UPDATE OF ports ON scan_hosts BEGIN
    UPDATE stored SET bytes = bytes - (24 + octet_length(old.address) + octet_length(old.ports))
        + (24 + octet_length(new.address) + octet_length(new.ports))
    WHERE tenant = new.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_ports_stored AFTER INSERT ON scan_ports BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    40 + octet_length(new.address) + octet_length(new.state)
    + coalesce(octet_length(new.service), 0) + coalesce(octet_length(new.product), 0)
    + coalesce(octet_length(new.version), 0) + coalesce(octet_length(new.extra), 0)
    + coalesce(octet_length(new.tunnel), 0) + coalesce(octet_length(new.cpe), 0))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_ports_unstored AFTER DELETE ON scan_ports BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.address) + octet_length(old.state)
    + coalesce(octet_length(old.service), 0) + coalesce(octet_length(old.product), 0)
    + coalesce(octet_length(old.version), 0) + coalesce(octet_length(old.extra), 0)
    + coalesce(octet_length(old.tunnel), 0) + coalesce(octet_length(old.cpe), 0))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_ports_resized AFTER UPDATE OF state, service, product, version, extra, tunnel, cpe ON scan_ports BEGIN
    UPDATE stored SET bytes = bytes - (40 + octet_length(old.address) + octet_length(old.state)
    + coalesce(octet_length(old.service), 0) + coalesce(octet_length(old.product), 0)
    + coalesce(octet_length(old.version), 0) + coalesce(octet_length(old.extra), 0)
    + coalesce(octet_length(old.tunnel), 0) + coalesce(octet_length(old.cpe), 0))
        + (40 + octet_length(new.address) + octet_length(new.state)
    + coalesce(octet_length(new.service), 0) + coalesce(octet_length(new.product), 0)
    + coalesce(octet_length(new.version), 0) + coalesce(octet_length(new.extra), 0)
    + coalesce(octet_length(new.tunnel), 0) + coalesce(octet_length(new.cpe), 0))
    WHERE tenant = new.tenant AND kind = 'scans';
END;
CREATE TRIGGER scan_scripts_stored AFTER INSERT ON scan_scripts BEGIN
    INSERT INTO stored VALUES (new.tenant, 'scans',
    48 + octet_length(new.address) + octet_length(new.script))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER scan_scripts_unstored AFTER DELETE ON scan_scripts BEGIN
    UPDATE stored SET bytes = bytes - (48 + octet_length(old.address) + octet_length(old.script))
    WHERE tenant = old.tenant AND kind = 'scans';
END;
CREATE TRIGGER own_packs_stored AFTER INSERT ON own_packs BEGIN
    INSERT INTO stored VALUES (new.tenant, 'packs',
    16 + octet_length(new.name) + octet_length(new.settings))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER own_packs_unstored AFTER DELETE ON own_packs BEGIN
    UPDATE stored SET bytes = bytes - (16 + octet_length(old.name) + octet_length(old.settings))
    WHERE tenant = old.tenant AND kind = 'packs';
END;
CREATE TRIGGER own_packs_resized AFTER UPDATE OF settings ON own_packs BEGIN
    UPDATE stored SET bytes = bytes - (16 + octet_length(old.name) + octet_length(old.settings))
        + (16 + octet_length(new.name) + octet_length(new.settings))
    WHERE tenant = new.tenant AND kind = 'packs';
END;
CREATE TRIGGER own_pack_versions_stored AFTER INSERT ON own_pack_versions BEGIN
    INSERT INTO stored VALUES (new.tenant, 'packs',
    48 + octet_length(new.name) + octet_length(new.version) + octet_length(new.author)
    + octet_length(new.wasm))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER own_pack_versions_unstored AFTER DELETE ON own_pack_versions BEGIN
    UPDATE stored SET bytes = bytes - (48 + octet_length(old.name) + octet_length(old.version) + octet_length(old.author)
    + octet_length(old.wasm))
    WHERE tenant = old.tenant AND kind = 'packs';
END;
CREATE TRIGGER own_pack_versions_resized AFTER UPDATE OF author ON own_pack_versions BEGIN
    UPDATE stored SET bytes = bytes - (48 + octet_length(old.name) + octet_length(old.version) + octet_length(old.author)
    + octet_length(old.wasm))
        + (48 + octet_length(new.name) + octet_length(new.version) + octet_length(new.author)
    + octet_length(new.wasm))
    WHERE tenant = new.tenant AND kind = 'packs';
END;
CREATE TRIGGER sources_stored AFTER INSERT ON sources BEGIN
    INSERT INTO stored VALUES (new.tenant, 'sources',
    8 + octet_length(new.name))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER sources_unstored AFTER DELETE ON sources BEGIN
    UPDATE stored SET bytes = bytes - (8 + octet_length(old.name))
    WHERE tenant = old.tenant AND kind = 'sources';
END;
CREATE TRIGGER files_stored AFTER INSERT ON files BEGIN
    INSERT INTO stored VALUES (new.tenant, 'sources',
    160 + octet_length(new.path))
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER files_unstored AFTER DELETE ON files BEGIN
    UPDATE stored SET bytes = bytes - (160 + octet_length(old.path))
    WHERE tenant = old.tenant AND kind = 'sources';
END;
CREATE TRIGGER files_resized AFTER UPDATE OF path ON files BEGIN
    UPDATE stored SET bytes = bytes - (160 + octet_length(old.path))
        + (160 + octet_length(new.path))
    WHERE tenant = new.tenant AND kind = 'sources';
END;
CREATE TRIGGER batches_stored AFTER INSERT ON batches BEGIN
    INSERT INTO stored VALUES (new.tenant, 'sources',
    72)
    ON CONFLICT DO UPDATE SET bytes = bytes + excluded.bytes;
END;
CREATE TRIGGER batches_unstored AFTER DELETE ON batches BEGIN
    UPDATE stored SET bytes = bytes - (72)
    WHERE tenant = old.tenant AND kind = 'sources';
END;
COMMIT;
