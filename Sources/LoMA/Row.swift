// LAY-3: one row of a layout.

/// One row: what is fed, where it stands, and what it should predict (LAY-3).
public struct Row: Hashable, Sendable {
  /// The id fed to the model: text, `<m>` or `<r>`.
  public let token: Int
  /// Zone, chunk and index in the zone.
  public let place: Place
  /// What the rotary embedding is fed (POS).
  public let position: Int
  /// The id this row is trained to predict, or none (LOS).
  public let label: Int?

  /// A row of the four.
  public init(token: Int, place: Place, position: Int, label: Int?) {
    self.token = token
    self.place = place
    self.position = position
    self.label = label
  }
}
