using Events.Commands.Permissions;

namespace Events.Http.Auth;

/// <summary>Who may use an endpoint. Every endpoint says it once; one that does not is refused at start and fails a test.</summary>
public abstract record AccessDeclaration
{
    /// <summary>A member of the workspace with this permission.</summary>
    public sealed record Permitted(string Permission) : AccessDeclaration
    {
        public ulong Bit { get; } = PermissionSet.Of(Permission).Bits;
    }

    /// <summary>Whoever is signed in, as a person: only cookie sessions, never an API token.</summary>
    public sealed record SignedIn : AccessDeclaration;

    /// <summary>Everybody.</summary>
    public sealed record Anybody(string Reason) : AccessDeclaration;
}

public static class AccessDeclarations
{
    /// <param name="permission">One of <see cref="Permission"/>'s names.</param>
    public static TBuilder RequirePermission<TBuilder>(this TBuilder endpoint, string permission)
        where TBuilder : IEndpointConventionBuilder =>
        Permission.BitOf(permission) >= 0
            ? endpoint.WithMetadata(new AccessDeclaration.Permitted(permission))
            : throw new ArgumentException($"There is no permission {permission}.", nameof(permission));

    public static TBuilder RequireSignedIn<TBuilder>(this TBuilder endpoint)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new AccessDeclaration.SignedIn());

    /// <param name="reason">Why strangers may use it; it stands in the matrix of the security report.</param>
    public static TBuilder AllowAnybody<TBuilder>(this TBuilder endpoint, string reason)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new AccessDeclaration.Anybody(reason));
}
