using System.ComponentModel.DataAnnotations;

namespace Events.Platform.ObjectStorage;

/// <summary>Section <c>Events:Storage</c>. With a bucket the S3-compatible store is used, without one a local folder.</summary>
public sealed record StorageOptions : IValidatableObject
{
    public const string Section = "Events:Storage";

    /// <summary>The local store's folder; by default <c>storage</c> in the data directory.</summary>
    public string? Path { get; set; }

    /// <summary>Where browsers reach this service when it is not where the API is reached, e.g. <c>https://files.example.com</c>.</summary>
    public Uri? PublicUrl { get; set; }

    /// <summary>Largest file that may be uploaded, in bytes.</summary>
    public long MaxFileBytes { get; set; } = 5L << 30;

    /// <summary>How long an upload or download link works.</summary>
    public TimeSpan LinkLifetime { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long an upload that never came, or a file that nothing refers to, is kept.</summary>
    public TimeSpan OrphanAge { get; set; } = TimeSpan.FromHours(24);

    /// <summary>Media types that may be uploaded; a type may end in <c>/*</c>.</summary>
    public IList<string> ContentTypes { get; set; } = [];

    public S3Options S3 { get; set; } = new();

    public bool Allows(string contentType)
    {
        var type = contentType.Split(';', 2)[0].Trim();
        return (ContentTypes.Count == 0 ? DefaultContentTypes : ContentTypes).Any(allowed => allowed.EndsWith("/*", StringComparison.Ordinal)
            ? type.StartsWith(allowed[..^1], StringComparison.OrdinalIgnoreCase)
            : string.Equals(type, allowed, StringComparison.OrdinalIgnoreCase));
    }

    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (MaxFileBytes is < 1 or > 5L << 40)
            yield return new($"{Section}:MaxFileBytes is {MaxFileBytes}; it must be between 1 and 5 TiB.");
        if (LinkLifetime < TimeSpan.FromSeconds(10) || LinkLifetime > TimeSpan.FromDays(7))
            yield return new($"{Section}:LinkLifetime is {LinkLifetime}; it must be between ten seconds and seven days.");
        if (OrphanAge < LinkLifetime)
            yield return new($"{Section}:OrphanAge is {OrphanAge}; it must not be shorter than LinkLifetime ({LinkLifetime}).");
        if (S3.Bucket is { Length: > 0 } && S3.ServiceUrl is null && S3.Region is null)
            yield return new($"{Section}:S3:Bucket is set; set {Section}:S3:Region (AWS) or {Section}:S3:ServiceUrl (R2, MinIO) too.");
        if (S3.AccessKey is null != S3.SecretKey is null)
            yield return new($"{Section}:S3 needs AccessKey and SecretKey together, or neither for the machine's own credentials.");
    }

    private static readonly string[] DefaultContentTypes =
    [
        "text/*", "image/*", "audio/*", "video/*", "application/json", "application/x-ndjson", "application/ndjson", "application/pdf",
        "application/zip", "application/x-zip-compressed", "application/gzip", "application/x-gzip", "application/octet-stream",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ];
}

/// <summary>Any service that speaks S3: AWS (region), Cloudflare R2 and MinIO (service url, path style).</summary>
public sealed record S3Options
{
    public string? Bucket { get; set; }

    /// <summary>E.g. <c>https://ACCOUNT.r2.cloudflarestorage.com</c> or <c>http://minio:9000</c>; null for AWS.</summary>
    public Uri? ServiceUrl { get; set; }

    /// <summary>E.g. <c>eu-central-1</c>; <c>auto</c> for R2.</summary>
    public string? Region { get; set; }

    public string? AccessKey { get; set; }

    public string? SecretKey { get; set; }

    /// <summary>Bucket in the path rather than in the host name: R2 and MinIO want it.</summary>
    public bool PathStyle { get; set; } = true;

    /// <summary>Bytes held in memory for each object being written; S3 takes 5 MiB at least and 10,000 parts at most.</summary>
    public int PartBytes { get; set; } = 8 << 20;
}
