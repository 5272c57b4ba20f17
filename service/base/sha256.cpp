#include "service/base/sha256.h"

#include "service/base/ensure.h"

#include <openssl/evp.h>

namespace bursar {

struct Sha256::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() = default;
    ~State() { EVP_MD_CTX_free(context); }
    State(const State&) = delete;
    State& operator=(const State&) = delete;
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
    ENSURE(state_->context != nullptr && EVP_DigestInit_ex(state_->context, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::add(std::string_view bytes) { ENSURE(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1); }

Digest Sha256::end() {
    Digest digest{};
    ENSURE(EVP_DigestFinal_ex(state_->context, digest.data(), nullptr) == 1);
    return digest;
}

}  // namespace bursar
