using Events.Platform.ObjectStorage;
using Events.Platform.Tenancy;

namespace Events.Workers.Files;

/// <summary>What a file is for.</summary>
public enum FilePurpose
{
    /// <summary>Somebody uploads it.</summary>
    Upload,

    /// <summary>A job wrote it for people to fetch.</summary>
    Export,

    /// <summary>What went wrong in an import, row by row.</summary>
    Report,
}

/// <param name="Name">As people see it; never part of a path.</param>
/// <param name="Size">Bytes; declared until the file is there.</param>
/// <param name="Sha256">Lower-case hexadecimal; null while unknown.</param>
public sealed record StoredFile(
    TenantId Tenant,
    Guid Id,
    ObjectKey Key,
    string Name,
    long Size,
    string ContentType,
    string? Sha256,
    FilePurpose Purpose,
    string CreatedBy,
    DateTimeOffset CreatedAt,
    DateTimeOffset? ExpiresAt);
