using System.ComponentModel.DataAnnotations;

namespace Events.Http.Security;

/// <summary>Section <c>Events:Security</c>.</summary>
public sealed class SecurityOptions
{
    public const string Section = "Events:Security";

    /// <summary>Origins, e.g. <c>https://app.example.com</c>, whose pages may call the API with a token. None by default.</summary>
    public IList<string> AllowedOrigins { get; } = [];

    /// <summary>Further origins that this service's own pages may send to, e.g. the object storage's.</summary>
    public IList<string> ConnectSources { get; } = [];

    /// <summary>Addresses of the proxies whose <c>X-Forwarded-*</c> count. None by default.</summary>
    public IList<string> TrustedProxies { get; } = [];

    /// <summary>Seconds until a request that does not stream is given up.</summary>
    [Range(1, 3600, ErrorMessage = "Events:Security:RequestTimeout must be from 1 to 3600 seconds.")]
    public int RequestTimeout { get; set; } = 30;

    /// <summary>Requests of one caller a minute. It bounds a runaway program; fairness between workspaces is the queues' work.</summary>
    [Range(1, 1_000_000_000, ErrorMessage = "Events:Security:RequestsPerMinute must be from 1 to 1,000,000,000.")]
    public int RequestsPerMinute { get; set; } = 1_200_000;

    /// <summary>Failed sign-ins from one network to one account within 15 minutes.</summary>
    [Range(1, 10_000, ErrorMessage = "Events:Security:SignInFailures must be from 1 to 10,000.")]
    public int SignInFailures { get; set; } = 10;

    /// <summary>Sign-ins, sign-ups, resets and links from one network a minute.</summary>
    [Range(1, 1_000_000, ErrorMessage = "Events:Security:CredentialRequestsPerMinute must be from 1 to 1,000,000.")]
    public int CredentialRequestsPerMinute { get; set; } = 30;
}
