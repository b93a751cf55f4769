#define _DEFAULT_SOURCE
#define SRTP3_IMPLEMENTATION
#include "srtp.h"

#include <stdlib.h>
#include <string.h>

// Version 2 keeps a pointer to the key, so the key lives beside the policy it belongs to.
struct srtp3_policy
{
  srtp_policy_t v2;
  uint8_t key[SRTP_MAX_KEY_LEN];
};

srtp_err_status_t srtp3_policy_create(srtp3_policy_t* policy)
{
  *policy = calloc(1, sizeof(struct srtp3_policy));
  return *policy ? srtp_err_status_ok : srtp_err_status_alloc_fail;
}

void srtp3_policy_destroy(srtp3_policy_t policy)
{
  if (policy)
    explicit_bzero(policy, sizeof(*policy));
  free(policy);
}

srtp_err_status_t srtp3_policy_set_ssrc(srtp3_policy_t policy, srtp_ssrc_t ssrc)
{
  policy->v2.ssrc = ssrc;
  return srtp_err_status_ok;
}

srtp_err_status_t srtp3_policy_set_profile(srtp3_policy_t policy, srtp_profile_t profile)
{
  srtp_err_status_t status = srtp_crypto_policy_set_from_profile_for_rtp(&policy->v2.rtp, profile);
  if (status != srtp_err_status_ok)
    return status;
  return srtp_crypto_policy_set_from_profile_for_rtcp(&policy->v2.rtcp, profile);
}

// Version 2 takes key and salt as one run of bytes. The worker uses no master key identifiers.
srtp_err_status_t srtp3_policy_add_key(
  srtp3_policy_t policy,
  const uint8_t* key,
  size_t key_len,
  const uint8_t* salt,
  size_t salt_len,
  const uint8_t* mki,
  size_t mki_len)
{
  (void)mki;
  if (mki_len != 0 || key_len > sizeof(policy->key) || salt_len > sizeof(policy->key) - key_len)
    return srtp_err_status_bad_param;
  memcpy(policy->key, key, key_len);
  memcpy(policy->key + key_len, salt, salt_len);
  policy->v2.key = policy->key;
  return srtp_err_status_ok;
}

srtp_err_status_t srtp3_policy_set_allow_repeat_tx(srtp3_policy_t policy, bool allow)
{
  policy->v2.allow_repeat_tx = allow;
  return srtp_err_status_ok;
}

srtp_err_status_t srtp3_policy_set_window_size(srtp3_policy_t policy, size_t size)
{
  policy->v2.window_size = size;
  return srtp_err_status_ok;
}

srtp_err_status_t srtp3_create(srtp_t* session, srtp3_policy_t policy)
{
  return srtp_create(session, &policy->v2);
}

typedef srtp_err_status_t (*in_place_operation)(srtp_t session, void* packet, int* len);

// Copies the packet into the output buffer and works there. `growth` is the most the operation may append: version 2
// cannot be told where the buffer ends, so room for it is demanded beforehand.
static srtp_err_status_t apply(
  in_place_operation operation,
  size_t growth,
  srtp_t session,
  const uint8_t* in,
  size_t in_len,
  uint8_t* out,
  size_t* out_len)
{
  if (in_len + growth > *out_len)
    return srtp_err_status_buffer_small;
  if (in != out)
    memmove(out, in, in_len);
  int len = (int)in_len;
  srtp_err_status_t status = operation(session, out, &len);
  if (status == srtp_err_status_ok)
    *out_len = (size_t)len;
  return status;
}

srtp_err_status_t srtp3_protect(
  srtp_t session, const uint8_t* rtp, size_t rtp_len, uint8_t* srtp, size_t* srtp_len, size_t mki_index)
{
  (void)mki_index;
  return apply(srtp_protect, SRTP_MAX_TRAILER_LEN, session, rtp, rtp_len, srtp, srtp_len);
}

srtp_err_status_t srtp3_unprotect(
  srtp_t session, const uint8_t* srtp, size_t srtp_len, uint8_t* rtp, size_t* rtp_len)
{
  return apply(srtp_unprotect, 0, session, srtp, srtp_len, rtp, rtp_len);
}

// SRTCP appends its four-byte index besides the trailer that SRTP has.
srtp_err_status_t srtp3_protect_rtcp(
  srtp_t session, const uint8_t* rtcp, size_t rtcp_len, uint8_t* srtcp, size_t* srtcp_len, size_t mki_index)
{
  (void)mki_index;
  return apply(srtp_protect_rtcp, SRTP_MAX_TRAILER_LEN + 4, session, rtcp, rtcp_len, srtcp, srtcp_len);
}

srtp_err_status_t srtp3_unprotect_rtcp(
  srtp_t session, const uint8_t* srtcp, size_t srtcp_len, uint8_t* rtcp, size_t* rtcp_len)
{
  return apply(srtp_unprotect_rtcp, 0, session, srtcp, srtcp_len, rtcp, rtcp_len);
}
