using Events.Commands.People;
using Events.Commands.Permissions;
using Events.Commands.Secrets;
using Microsoft.Extensions.Options;

namespace Events.Http.Auth;

/// <summary>The people who operate the installation, as configured by id or address.</summary>
internal sealed class Operators
{
    private readonly HashSet<Guid> people = [];
    private readonly HashSet<Guid> claims = [];

    public Operators(IOptions<IdentityOptions> options, IdentifierIndex index)
    {
        foreach (var entry in options.Value.Operators)
        {
            if (Guid.TryParse(entry, out var id))
                people.Add(id);
            else if (EmailAddress.TryParse(entry, out var email))
                claims.Add(index.OfEmail(email.Value.Value));
        }
    }

    /// <summary>What a person may do beyond their role.</summary>
    public PermissionSet ExtraOf(Guid personId, PersonState person) =>
        people.Contains(personId) || claims.Contains(person.EmailClaim) ? RolePermissions.Operator : PermissionSet.None;
}
