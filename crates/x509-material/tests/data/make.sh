#!/bin/sh
# Makes the certificates and keys in this folder, with OpenSSL 3. They belong to nobody and protect nothing; dates are fixed, so the tests need no clock.
# Run it in this folder; everything but the root's and the intermediate's keys is kept.
set -eu
here=$(pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

cat > ca.cnf <<'CNF'
[ca]
default_ca = any
[any]
database = index
new_certs_dir = issued
rand_serial = yes
default_md = sha256
policy = anything
unique_subject = no
email_in_dn = yes
[anything]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = optional
emailAddress = optional
[req]
distinguished_name = dn
[dn]
[root]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[root_pathlen_0]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign
[root_no_ca]
basicConstraints = critical, CA:FALSE
[intermediate]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
[no_ca]
keyUsage = critical, digitalSignature
[no_cert_sign]
basicConstraints = critical, CA:TRUE
keyUsage = critical, cRLSign
[leaf]
keyUsage = critical, digitalSignature
[critical]
1.3.6.1.4.1.99999.1 = critical, ASN1:UTF8String:unknown
[ca_leaf]
basicConstraints = critical, CA:TRUE
CNF
: > index; mkdir issued

key() { openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:"$2" -out "$1.key"; }
request() { openssl req -new -config ca.cnf -utf8 -key "$1.key" -subj "$3" -out "$2.csr"; }
# sign NAME ISSUER SECTION FROM TO [more options]; a root names itself as issuer
sign() {
    name=$1 issuer=$2 section=$3 from=$4 to=$5; shift 5
    if [ "$issuer" = self ]; then set -- -selfsign -keyfile "${key_of:-$name}.key" "$@"; else set -- -cert "$issuer.crt" -keyfile "${key_of:-$issuer}.key" "$@"; fi
    openssl ca -config ca.cnf -batch -notext -preserveDN -in "$name.csr" -out "$name.crt" -extensions "$section" -startdate "$from" -enddate "$to" "$@" 2> log || { cat log; exit 1; }
}

for name in root other_root intermediate other_intermediate leaf deep1 deep2 deep3 deep4; do key "$name" 2048; done
key small 1024

ROOT='/C=CN/O=Example/CN=Example Root' INTERMEDIATE='/C=CN/O=Example/CN=Example Issuing CA'
request root root "$ROOT"; sign root self root 20180101000000Z 20480101000000Z
request other_root other_root "$ROOT"; sign other_root self root 20180101000000Z 20480101000000Z
request root root_expired "$ROOT"; key_of=root sign root_expired self root 20180101000000Z 20190101000000Z
request root root_pathlen_0 "$ROOT"; key_of=root sign root_pathlen_0 self root_pathlen_0 20180101000000Z 20480101000000Z
request root root_no_ca "$ROOT"; key_of=root sign root_no_ca self root_no_ca 20180101000000Z 20480101000000Z
request small root_small '/C=CN/O=Example/CN=Small Root'; key_of=small sign root_small self root 20180101000000Z 20480101000000Z

request intermediate intermediate "$INTERMEDIATE"; sign intermediate root intermediate 20180101000000Z 20470101000000Z
for variant in expired:intermediate:20200101000000Z no_ca:no_ca:20470101000000Z no_cert_sign:no_cert_sign:20470101000000Z critical:critical:20470101000000Z; do
    name=intermediate_${variant%%:*}; rest=${variant#*:}
    request intermediate "$name" "$INTERMEDIATE"; sign "$name" root "${rest%%:*}" 20180101000000Z "${rest#*:}"
done
# Same names as the real ones, made with keys of its own: what an attacker can do.
request other_intermediate intermediate_rogue "$INTERMEDIATE"; sign intermediate_rogue other_root intermediate 20180101000000Z 20470101000000Z

LEAF='/C=CN/O=示例公司/OU=Test/CN=leaf.example'
request leaf leaf "$LEAF"; key_of=intermediate sign leaf intermediate leaf 20260101000000Z 20460101000000Z
cp leaf.csr "$work/request.csr"
request leaf leaf_expired "$LEAF"; key_of=intermediate sign leaf_expired intermediate leaf 20200101000000Z 20250101000000Z
request leaf leaf_rogue "$LEAF"; key_of=other_intermediate sign leaf_rogue intermediate_rogue leaf 20260101000000Z 20460101000000Z
request leaf leaf_sha1 "$LEAF"; key_of=intermediate sign leaf_sha1 intermediate leaf 20260101000000Z 20460101000000Z -md sha1
request leaf leaf_sha512 "$LEAF"; key_of=intermediate sign leaf_sha512 intermediate leaf 20260101000000Z 20460101000000Z -md sha512
request leaf leaf_critical "$LEAF"; key_of=intermediate sign leaf_critical intermediate critical 20260101000000Z 20460101000000Z
request leaf leaf_ca "$LEAF"; key_of=intermediate sign leaf_ca intermediate ca_leaf 20260101000000Z 20460101000000Z
request leaf leaf_of_small "$LEAF"; key_of=small sign leaf_of_small root_small leaf 20260101000000Z 20460101000000Z

issuer=root
for n in 1 2 3 4; do
    request deep$n deep$n "/CN=Deep $n"; sign deep$n $issuer intermediate 20180101000000Z 20470101000000Z
    request leaf leaf_deep$n "/CN=leaf $n"; key_of=deep$n sign leaf_deep$n deep$n leaf 20260101000000Z 20460101000000Z
    issuer=deep$n
done

cp leaf.key leaf.pkcs8.pem
openssl rsa -in leaf.key -traditional -out leaf.pkcs1.pem 2> log
openssl rsa -in leaf.key -pubout -out leaf.spki.pem 2> log
openssl rsa -in leaf.key -RSAPublicKey_out -out leaf.pkcs1_public.pem 2> log
openssl pkcs8 -topk8 -in leaf.key -passout pass:secret -out leaf.encrypted.pem
openssl rsa -in leaf.key -traditional -aes128 -passout pass:secret -out leaf.encrypted_traditional.pem 2> log
openssl pkcs12 -export -inkey leaf.key -in leaf.crt -passout pass:secret -out leaf.p12
openssl base64 -in leaf.p12 -out leaf.p12.base64
openssl crl2pkcs7 -nocrl -certfile leaf.crt -out leaf.p7b.pem
cp small.key small.pkcs8.pem
openssl ecparam -name prime256v1 -genkey -out ec.sec1.pem
openssl pkcs8 -topk8 -nocrypt -in ec.sec1.pem -out ec.pkcs8.pem
openssl ec -in ec.sec1.pem -pubout -out ec.spki.pem 2> log
openssl genpkey -quiet -algorithm ED25519 -out ed25519.pkcs8.pem
openssl ca -config ca.cnf -gencrl -cert root.crt -keyfile root.key -crl_lastupdate 20260101000000Z -crl_nextupdate 20270101000000Z -out root.crl.pem 2> log

cp ./*.crt ./*.pem request.csr leaf.p12.base64 "$here"
