#pragma once

#include "service/base/result.h"
#include "service/base/secret.h"

#include <string>

// Keys of AWS as the vault has them, each one secret.
namespace bursar::aws {

struct Key {
    std::string id;
    Secret secret;
    Secret session;  ///< of temporary credentials; else empty
};

/// An access key, which signs; any other secret is a key of Bedrock's own and is sent as it is.
bool signs(const Secret& text);
/// "ID:SECRET" or "ID:SECRET:SESSION". invalid_request, with what to write instead.
Result<Key> parse_key(const Secret& text);
/// Whether nobody but an access key can be meant: it begins as AWS's ids of keys do.
bool looks_like_access_key(const Secret& text);

}  // namespace bursar::aws
