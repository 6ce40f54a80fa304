using System.Security.Cryptography;
using System.Text;
using Events.Commands.Secrets;
using Events.Http.Limiting;
using Events.Http.Problems;
using Events.Http.Security;
using Microsoft.Extensions.Options;

namespace Events.Http.Auth;

/// <summary>
/// Bounds guessing without a lock that others could turn: failures count per account and network, so who guesses locks out
/// only the network that the guesses come from; and a browser that signed in to the account before counts for itself, so
/// even a guesser beside its owner locks out nobody but himself.
/// </summary>
internal sealed class SignInGuard(IOptions<SecurityOptions> options, MasterKey master, TimeProvider time)
{
    private const string DeviceCookie = "events-device";
    private const int DeviceBytes = 16;
    private const int SignatureBytes = 16;

    private readonly RateLimit failures = new("sign-in", options.Value.SignInFailures, TimeSpan.FromMinutes(15), time);
    private readonly byte[] key = master.Derive("known-devices");

    /// <summary>A problem when this account was tried too often from here.</summary>
    /// <param name="account">The place where the address is claimed, whether it is or not.</param>
    public Problem? Check(HttpContext http, Guid account) =>
        failures.Peek(KeyOf(http, account)) is { Allowed: false } state ? RateLimits.Exceeded(state) : null;

    public void CountFailure(HttpContext http, Guid account) => failures.Take(KeyOf(http, account));

    /// <summary>From now on this browser is known to belong to the account.</summary>
    public void Remember(HttpContext http, Guid account)
    {
        if (DeviceOf(http, account) is not null)
            return;
        var device = RandomNumberGenerator.GetBytes(DeviceBytes);
        http.Response.Cookies.Append(DeviceCookie, Convert.ToHexStringLower([.. device, .. Sign(device, account)]), new CookieOptions
        {
            HttpOnly = true,
            Secure = http.Request.IsHttps,
            SameSite = SameSiteMode.Strict,
            Path = "/api/v1/session",
            MaxAge = TimeSpan.FromDays(365),
            IsEssential = true,
        });
    }

    private string KeyOf(HttpContext http, Guid account) => $"{account:N}/{DeviceOf(http, account) ?? Network.Of(http)}";

    private string? DeviceOf(HttpContext http, Guid account)
    {
        if (http.Request.Cookies[DeviceCookie] is not { Length: (DeviceBytes + SignatureBytes) * 2 } text)
            return null;
        var bytes = new byte[DeviceBytes + SignatureBytes];
        return Convert.FromHexString(text, bytes, out _, out _) == System.Buffers.OperationStatus.Done
            && CryptographicOperations.FixedTimeEquals(Sign(bytes.AsSpan(0, DeviceBytes), account), bytes.AsSpan(DeviceBytes))
            ? text[..(DeviceBytes * 2)]
            : null;
    }

    private byte[] Sign(ReadOnlySpan<byte> device, Guid account) =>
        HMACSHA256.HashData(key, (byte[])[.. device, .. Encoding.ASCII.GetBytes(account.ToString("N"))])[..SignatureBytes];
}
