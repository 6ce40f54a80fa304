namespace Events.Platform.Tenancy;

/// <summary>
/// The workspace that data belongs to: the first parameter of everything that reads or writes, never ambient.
/// On disk the <c>tenant_id varchar</c> of every table; a workspace's UUID in lower case with dashes.
/// </summary>
public readonly record struct TenantId
{
    /// <summary>Longest value on disk, in characters.</summary>
    public const int MaxLength = 64;

    private readonly string? value;

    /// <exception cref="ArgumentException">Empty, longer than <see cref="MaxLength"/>, or holding a control character.</exception>
    public TenantId(string value)
    {
        if (string.IsNullOrWhiteSpace(value) || value.Length > MaxLength || value.Any(char.IsControl))
            throw new ArgumentException($"A tenant id has 1 to {MaxLength} printable characters.", nameof(value));
        this.value = value;
    }

    public TenantId(Guid workspaceId) => value = workspaceId.ToString("D");

    /// <summary>Marten's name for the tenant of stores that have only one.</summary>
    public static TenantId Default { get; } = new("*DEFAULT*");

    public string Value => value ?? throw new InvalidOperationException("default(TenantId) names no tenant.");

    public override string ToString() => Value;
}
