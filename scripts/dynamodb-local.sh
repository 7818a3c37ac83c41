#!/usr/bin/env bash
# Fetches DynamoDB Local, which the tests of store/dynamodb run against, into
# .cache/dynamodb-local. It comes from npm, where a package brings it along; it is
# under the Amazon DynamoDB Local License Agreement, so it is neither kept in the
# repository nor part of what is built.
set -euo pipefail
cd "$(dirname "$0")/.."
version=2.9.30
sum=$(cat scripts/dynamodb-local.sha256)
dir=.cache/dynamodb-local
[ -f "$dir/DynamoDBLocal.jar" ] && exit 0
for tool in npm java; do
	if ! command -v "$tool" >/dev/null; then
		echo "DynamoDB Local needs $tool: the tests of store/dynamodb will be skipped" >&2
		exit 0
	fi
done
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
echo "fetching DynamoDB Local (56 MB)" >&2
if ! (cd "$tmp" && npm pack --silent "amplify-dynamodb-simulator@$version" >/dev/null); then
	echo "DynamoDB Local cannot be fetched: the tests of store/dynamodb will be skipped" >&2
	exit 0
fi
echo "$sum  $tmp/amplify-dynamodb-simulator-$version.tgz" | sha256sum --check --quiet
tar -xzf "$tmp/amplify-dynamodb-simulator-$version.tgz" -C "$tmp" package/emulator
mkdir -p .cache
rm -rf "$dir"
mv "$tmp/package/emulator" "$dir"
