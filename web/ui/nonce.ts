// The policy of the pages allows style elements that carry the nonce which the server put into this page.

const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';

// Where react-remove-scroll, which Mantine's dialogs use, looks for it.
Object.assign(globalThis, { __webpack_nonce__: nonce });

export function stylesNonce(): string {
  return nonce;
}
