// In place of Google's library, where its answer is no matter: every way of its leads to the same token.
export const [JWT, UserRefreshClient] = [undefined, undefined];

export class GoogleAuth {
  getClient() {
    return Promise.resolve({ getAccessToken: () => Promise.resolve({ token: "google-token" }), credentials: { expiry_date: Date.now() + 3_600_000 } });
  }
}
